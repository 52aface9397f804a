/**
 * Is imported before the program (`node --import`). It shifts the wall clock by TEST_WALL_CLOCK_SHIFT_MS,
 * and leaves the monotonic clock and the timers as they are.
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
