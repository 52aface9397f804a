/**
 * The token from the address. Browsers do not send the part after `#` to servers. The token moves from
 * there to the storage of this origin. So the address bar and the history do not contain it, and links
 * also work in new tabs.
 */
const storageKey = 'token';

export function takeTokenFromAddress(): void {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given === null) return;
  localStorage.setItem(storageKey, given);
  history.replaceState(null, '', `${location.pathname}${location.search}`);
}

/** A problem with a message for the user. */
export class Problem extends Error {
  override readonly name = 'Problem';
}

const ended =
  'wave-cron ui does not answer. Perhaps it has ended. The page shows the last known state.';

/**
 * @throws Problem for each status except 200, and if there is no connection; the reason of the signal
 * after an abort
 */
export async function request(path: string, signal: AbortSignal): Promise<Response> {
  const token = localStorage.getItem(storageKey) ?? '';
  const headers = { authorization: `Bearer ${token}` };
  let response: Response;
  try {
    response = await fetch(path, { headers, signal, cache: 'no-store' });
  } catch {
    signal.throwIfAborted();
    throw new Problem(ended);
  }
  if (response.ok) return response;
  throw new Problem(await problemIn(response));
}

async function problemIn(response: Response): Promise<string> {
  const text = await response.text();
  if (response.headers.get('content-type') !== 'application/json') return text;
  const { problem } = JSON.parse(text) as { readonly problem: string };
  return problem;
}
