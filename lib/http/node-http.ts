/**
 * Node's own HTTP modules, not imported as ES modules: that would evaluate each of their exports,
 * of which `WebSocket` makes Node load a second HTTP client with all of HTTP/2, for half of the
 * time until the first request.
 */
export const http = process.getBuiltinModule('node:http');
export const https = process.getBuiltinModule('node:https');
