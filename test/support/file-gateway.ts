import { createFileProvider } from '../../src/providers/file/file.js';
import { type FollowedSession, followSession } from './followed-session.js';
import { startGateway, type TestGateway } from './gateway.js';
import { createManualClock } from './manual-clock.js';
import { createTemporaryFolder, type TemporaryFolder } from './temporary-folder.js';

/** A gateway that follows a file and runs on a manual clock. */
export interface FileGateway extends TestGateway {
  readonly folder: TemporaryFolder;
  /** The path of the file. */
  readonly path: string;
  readonly session: FollowedSession;
  /** Advances the clock to the next poll of the file. */
  pollFile(): Promise<void>;
}

/** Starts a gateway on a new file with this name and content. */
export async function startFileGateway(file: string, content: string): Promise<FileGateway> {
  const folder = await createTemporaryFolder();
  const clock = createManualClock();
  const path = folder.file(file);
  await folder.write(file, content);
  const provider = createFileProvider({ path, clock });
  const gateway = await startGateway({ clock, providers: [provider] });
  const session = followSession(gateway, provider.name, clock);
  return {
    ...gateway,
    folder,
    path,
    session,
    pollFile: () => clock.advance(POLL_MS),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Poll interval of the file provider, in milliseconds. */
const POLL_MS = 250;
