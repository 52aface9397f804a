/** Loaded before the program: an error that comes out of nowhere while it runs, and quotes a value. */
const quoted = process.env['TEST_CRASH_WITH'] ?? '';

setTimeout(() => {
  void Promise.reject(new RangeError(quoted, { cause: { quoted } }));
}, 2_000);
