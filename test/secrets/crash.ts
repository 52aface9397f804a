/** Is loaded before the program. While the program runs, it throws an unrelated error that quotes a value. */
const quoted = process.env['TEST_CRASH_WITH'] ?? '';

setTimeout(() => {
  void Promise.reject(new RangeError(quoted, { cause: { quoted } }));
}, 2_000);
