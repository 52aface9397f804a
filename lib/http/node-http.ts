/**
 * Node's HTTP modules, loaded without an ES import. An ES import would evaluate all exports. One of
 * them, `WebSocket`, makes Node load a second HTTP client with HTTP/2, which takes half of the time
 * until the first request.
 */
export const http = process.getBuiltinModule('node:http');
export const https = process.getBuiltinModule('node:https');
/** Loaded when a server supports HTTP/2. */
export const http2 = () => process.getBuiltinModule('node:http2');
