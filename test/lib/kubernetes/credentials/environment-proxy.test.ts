import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { environmentProxy } from '../../../../lib/kubernetes/credentials/environment-proxy.ts';

const server = 'https://kube.example.com:6443';
const proxy = 'http://proxy:3128';

describe('the proxy of the environment', () => {
  it('is HTTPS_PROXY for https and HTTP_PROXY for http, with upper case before lower case', () => {
    const of = (url: string, env: Record<string, string>) => environmentProxy(url, env);
    assert.equal(of(server, {}), undefined);
    assert.equal(of(server, { HTTP_PROXY: proxy, ALL_PROXY: proxy }), undefined);
    assert.equal(of(server, { HTTPS_PROXY: proxy }), proxy);
    assert.equal(of(server, { https_proxy: proxy }), proxy);
    assert.equal(of(server, { HTTPS_PROXY: proxy, https_proxy: 'http://other' }), proxy);
    assert.equal(of(server, { HTTPS_PROXY: '', https_proxy: proxy }), proxy);
    assert.equal(of('http://kube', { http_proxy: proxy, HTTPS_PROXY: 'http://other' }), proxy);
  });

  it('may have no scheme, which means http', () => {
    for (const [given, url] of [
      ['proxy:3128', 'http://proxy:3128'],
      ['10.0.0.1:3128', 'http://10.0.0.1:3128'],
      ['proxy', 'http://proxy'],
      ['socks5://proxy:1080', 'socks5://proxy:1080'],
      ['https://user:pass@proxy', 'https://user:pass@proxy'],
    ] as const) {
      assert.equal(environmentProxy(server, { HTTPS_PROXY: given }), url);
    }
  });

  it('with an invalid address is wrong usage, reported without its password', () => {
    for (const given of ['ftp://user:planted@proxy', 'http://user:planted@pro xy']) {
      assert.throws(
        () => environmentProxy(server, { HTTPS_PROXY: given }),
        (error) => {
          assert.ok(error instanceof Error);
          assert.match(
            error.message,
            /^the environment variable HTTPS_PROXY is ".*", which is not an http, https or socks5 URL$/,
          );
          assert.doesNotMatch(error.message, /planted/);
          return true;
        },
      );
    }
  });

  // These cases are those of the tests of golang.org/x/net/http/httpproxy.
  const straight: readonly [string, string, boolean][] = [
    ['https://localhost:6443', '', true],
    ['https://127.0.0.1:6443', '', true],
    ['https://127.200.1.1', '', true],
    ['https://[::1]:6443', '', true],
    ['https://10.1.2.3', '', false],
    ['https://kube.example.com', '*', true],
    ['https://10.1.2.3', ' a.b , * ', true],
    ['https://example.com', 'example.com', true],
    ['https://kube.example.com', 'EXAMPLE.com', true],
    ['https://notexample.com', 'example.com', false],
    ['https://example.com', '.example.com', false],
    ['https://kube.example.com', '.example.com', true],
    ['https://kube.example.com', '*.example.com', true],
    ['https://example.com', '*.example.com', false],
    ['https://kube.example.com:6443', 'example.com:6443', true],
    ['https://kube.example.com', 'example.com:443', true],
    ['https://kube.example.com', 'example.com:6443', false],
    ['https://10.1.2.3', '10.1.2.3', true],
    ['https://10.1.2.3:6443', '10.1.2.3:6443', true],
    ['https://10.1.2.3', '10.1.2.3:6443', false],
    ['https://10.1.2.3', '10.0.0.0/8', true],
    ['https://11.1.2.3', '10.0.0.0/8', false],
    ['https://10.1.2.3', '10.0.0.0/33', false],
    ['https://10.1.2.3', '2.3', false],
    ['https://kube.example.com', '10.0.0.0/8', false],
    ['https://[2001:db8::2]', '2001:db8::/32', true],
    ['https://[2001:db9::2]', '2001:db8::/32', false],
    ['https://[2001:db8::2]:6443', '[2001:db8::2]:6443', true],
    ['https://[2001:db8::2]', '2001:db8:0::2', true],
    ['https://kube.example.com', ':443, ,', false],
  ];
  for (const [url, list, isStraight] of straight) {
    it(`is ${isStraight ? 'not used' : 'used'} for ${url} if NO_PROXY is ${JSON.stringify(list)}`, () => {
      const expected = isStraight ? undefined : proxy;
      const given = { HTTPS_PROXY: proxy };
      assert.equal(environmentProxy(url, { ...given, NO_PROXY: list }), expected);
      assert.equal(environmentProxy(url, { ...given, no_proxy: list }), expected);
    });
  }
});
