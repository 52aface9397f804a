import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { responseHeaders } from '../../../jobs/ui/response-headers.ts';

suite('the headers of the page', () => {
  test('allow nothing but files and data of its own server', () => {
    const policy = responseHeaders['content-security-policy'] ?? '';
    const directives = new Map(
      policy.split('; ').map((each) => {
        const [name = '', ...values] = each.split(' ');
        return [name, values.join(' ')];
      }),
    );
    assert.equal(directives.get('default-src'), "'none'");
    for (const [name, value] of directives) {
      const isOfTypes = name === 'require-trusted-types-for' && value === "'script'";
      assert.ok(isOfTypes || ["'none'", "'self'"].includes(value), `${name} ${value}`);
    }
    // These directives do not follow from default-src.
    for (const name of ['base-uri', 'form-action', 'frame-ancestors']) {
      assert.equal(directives.get(name), "'none'", name);
    }
  });
});
