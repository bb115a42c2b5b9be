/** A tab of GraphiQL, ready to run. */
interface Tab {
  readonly query: string;
  readonly variables?: string;
}

/** The tabs that a first visit to GraphiQL finds open: from "is it good?" to live changes. */
export const exampleTabs: Tab[] = [
  {
    query: `# Is it good? And if not, why? Run it with Ctrl-Enter.
query Verdict {
  sessions {
    nodes {
      id
      verdict { state final reason }
      connection { state since error }
      counts { total waiting running ready succeeded failed retrying }
    }
  }
}
`,
  },
  {
    query: `# What stands in the way: every target that has failed, or is awaited.
query Blockers {
  targets(where: { phase: [FAILED, RETRYING, WAITING, RUNNING] }) {
    id
    phase
    resources
    state {
      ... on TargetStateWaiting { summary }
      ... on TargetStateActive { summary }
      ... on TargetStateTerminated { summary }
    }
  }
}
`,
  },
  {
    query: `# Live: first everything, then what changes. Clear on reset, apply the changes, and you hold the newest state.
subscription Changes {
  sessionChanges {
    cursor
    reset
    changes {
      type
      session {
        id
        verdict { state reason }
        counts { waiting running ready succeeded failed }
      }
    }
  }
}
`,
  },
  {
    query: `# Where the time went, and what each target went through.
query Timeline {
  sessions {
    nodes {
      id
      status {
        startTime
        targets {
          name
          phase
          durationSeconds
          secondsToReady
          history(last: 20) { time phase }
        }
      }
    }
  }
}
`,
  },
  {
    query: `# Where the gateway reads from.
query Gateway {
  gateway {
    version
    sources { name state since error sessionCount }
  }
}
`,
  },
];
