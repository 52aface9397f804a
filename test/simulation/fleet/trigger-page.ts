/** `POST /trigger` of a replica, without a network. */
import type { Pages } from '../../../jobs/serve/http-server.ts';

export type TriggerPage = NonNullable<Pages['post']>[string];

/** @param about the changed object; undefined: any object */
export async function postTrigger(
  page: TriggerPage,
  token: string,
  about: object | undefined,
): Promise<number> {
  const body = Buffer.from(about === undefined ? '' : JSON.stringify(about));
  const headers = {
    authorization: `Bearer ${token}`,
    'content-length': String(body.length),
    'content-type': 'application/json',
  };
  const { status } = await page({ headers, body: async () => body });
  return status;
}
