/** A real Pushgateway, found or built by binaries.ts. It ends with this process, or earlier. */
import { setTimeout as pause } from 'node:timers/promises';
import { findBinaries } from './binaries.ts';
import { startPrograms } from './programs.ts';

export type Pushgateway = {
  url: string;
  /** The metrics that Prometheus would scrape. */
  text(): Promise<string>;
  end(): Promise<void>;
};

export async function startPushgateway(): Promise<Pushgateway> {
  const { pushgateway } = await findBinaries(['pushgateway']);
  const programs = await startPrograms();
  await programs.start('pushgateway', pushgateway, [
    '--web.listen-address=127.0.0.1:0',
    '--web.enable-admin-api',
  ]);
  for (;;) {
    const log = programs.lastLogLines('pushgateway');
    const address = /Listening on.*address=(\S+)/.exec(log)?.[1];
    if (address !== undefined) {
      const url = `http://${address}`;
      return {
        url,
        text: async () => (await fetch(`${url}/metrics`)).text(),
        end: () => programs.end(),
      };
    }
    const how = programs.howEnded('pushgateway');
    if (how !== undefined) throw new Error(`the Pushgateway ended (${how}): ${log}`);
    await pause(50);
  }
}
