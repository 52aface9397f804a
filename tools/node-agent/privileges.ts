/** The command line that drops all privileges that a container must not have. */
import type { Identity } from './identity.ts';
import { toolPath } from './support.ts';

// The capabilities that are needed to change the root folder and the user.
const toEnter = ['sys_chroot', 'setuid'];

/**
 * The words of a command line to put before `enter`, a command that finally changes root and user.
 * `enter` runs with these variables.
 *
 * The bounding set and no_new_privs must be set before the root changes, because the tools of the
 * machine are not available after that. Then only inheritable capabilities remain for entering the
 * root. They stay in the inheritable set of the container, but have no effect, because no file
 * there can use them.
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
