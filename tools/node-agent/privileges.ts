/** How a command gives up everything but what a container is to have. */
import type { Identity } from './identity.ts';
import { toolPath } from './support.ts';

// What it takes to enter a root and to become another user.
const toEnter = ['sys_chroot', 'setuid'];

/**
 * The words before `enter`, which is a command that changes root and user at the very end and runs
 * with these variables.
 *
 * The bounding set and no_new_privs have to be given up before the machine's tools are out of reach
 * of the changed root, and after that only inheritable capabilities survive to enter it. These stay
 * in the container's inheritable set, where they are worth nothing: no file of it could use them.
 */
export function dropPrivileges(
  identity: Identity,
  variables: ReadonlyMap<string, string>,
  needed: readonly string[] = [],
): string[] {
  const { group, groups, noNewPrivileges, capabilities } = identity;
  const inheritable = [...toEnter, ...needed].map((capability) => `,+${capability}`).join('');
  const bounding = capabilities.map((capability) => `,+${capability}`).join('');
  return [
    ...[toolPath('setpriv'), `--inh-caps=-all${inheritable}`, '--'],
    ...[toolPath('setpriv'), `--regid=${group}`, `--bounding-set=-all${bounding}`],
    groups.length > 0 ? `--groups=${groups.join(',')}` : '--clear-groups',
    ...(noNewPrivileges ? ['--no-new-privs'] : []),
    '--',
    ...[toolPath('env'), '-i', ...[...variables].map(([name, value]) => `${name}=${value}`)],
  ];
}
