/**
 * Imported before the program (`node --import`): its wall clock is off by
 * TEST_WALL_CLOCK_SHIFT_MS, while its monotonic clock and its timers are as they are.
 */
const RealDate = Date;
const shift = Number(process.env['TEST_WALL_CLOCK_SHIFT_MS']);
const now = () => RealDate.now() + shift;

globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(now()).toString(),
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
});
