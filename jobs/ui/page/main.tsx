import { render } from 'preact';
import { App } from './app.tsx';
import { takeTokenFromAddress } from './session.ts';

takeTokenFromAddress();
// A user may open the address of a new server, with its token, in a tab that already shows the page.
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#token=')) location.reload();
});
render(<App />, document.body);
