/**
 * SIGINT and SIGTERM stop a command. A second signal ends the process at once, with the status that
 * a shell reports if a signal killed a process.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const numbers = { SIGINT: 2, SIGTERM: 15 } as const;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(128 + numbers[name]);
      controller.abort(new Error(`received ${name}`));
    });
  }
  return controller.signal;
}
