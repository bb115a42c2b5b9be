import { createFileProvider } from '../../src/providers/file/file.js';
import { type FollowedSession, followSession } from './followed-session.js';
import { startGateway, type TestGateway } from './gateway.js';
import { createManualClock } from './manual-clock.js';
import { createTemporaryFolder, type TemporaryFolder } from './temporary-folder.js';

/** A gateway that follows a file, by a clock moved by hand. */
export interface FileGateway extends TestGateway {
  readonly folder: TemporaryFolder;
  /** The path of the file. */
  readonly path: string;
  readonly session: FollowedSession;
  /** Lets the gateway look at the file once more. */
  pollFile(): Promise<void>;
}

/** Starts one, on a file of this name that holds this text. */
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

/** How often the file is looked at. */
const POLL_MS = 250;
