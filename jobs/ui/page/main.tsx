import { render } from 'preact';
import { App } from './app.tsx';
import { takeTokenFromAddress } from './session.ts';

takeTokenFromAddress();
// The same address may be opened again in a tab that shows the page, with the token of a new server.
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#token=')) location.reload();
});
render(<App />, document.body);
