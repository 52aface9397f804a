/** Starts the process of a container as the Pod declares it. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ContainerProcess, startContainer } from './container-process.ts';
import type { Placement } from './downward.ts';
import { environmentOf, expand } from './environment.ts';
import { ContainerConfigError, ImageError } from './errors.ts';
import { identityOf } from './identity.ts';
import type { Image, Images } from './images.ts';
import type { Log } from './logs.ts';
import type { Container, Pod, VolumeMount } from './pod.ts';
import { volumeFolder } from './pod-volumes.ts';
import { type Mount, rootFileSystem } from './root-file-system.ts';
import { makeEmptyFolderIn, type Sandbox } from './sandbox.ts';
import type { SourceReader } from './sources.ts';

export type StartOptions = {
  pod: Pod;
  container: Container;
  sandbox: Sandbox;
  images: Images;
  placement: Placement;
  apiServer: { host: string; port: string };
  read: SourceReader;
  log: Log;
};

/** Throws a WaitingError if the container must wait: see errors.ts. */
export async function startContainerOf(options: StartOptions): Promise<ContainerProcess> {
  const { pod, container, sandbox, images, log } = options;
  refuseUnknown(pod, container);
  const image = imageOf(container, images);
  const identity = identityOf(pod, container, image);
  const variables = await environmentOf({ ...options, image });
  const workingDir = container.workingDir ?? image.workingDir ?? '/';
  const folder = `containers/${container.name}`;
  makeEmptyFolderIn(sandbox, folder);
  const messageFile = join(sandbox.outside, folder, 'termination-log');
  writeFileSync(messageFile, '');
  chmodSync(messageFile, 0o666);
  const root = rootFileSystem({
    image,
    folder: join(sandbox.folder, folder),
    workingDir,
    mounts: mountsOf(options, folder),
    readOnly: identity.readOnlyRoot,
  });
  const command = commandOf(container, image).map((word) => expand(word, variables));
  return startContainer({
    sandbox,
    root,
    identity,
    variables,
    workingDir,
    command,
    log,
    messageFile,
  });
}

// A field that the sandbox does not support is rejected, because ignoring it would be misleading.
const unknownOfPod = ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace'];
const unknownOfContainer = ['lifecycle', 'volumeDevices', 'restartPolicy', 'tty', 'stdin'];

function refuseUnknown({ spec }: Pod, container: Container): void {
  const fields = [
    ...unknownOfPod.filter((field) => spec[field]),
    ...unknownOfContainer.filter((field) => container[field]),
    ...(container.securityContext?.privileged ? ['securityContext.privileged'] : []),
  ];
  if (fields.length === 0) return;
  throw new ContainerConfigError(
    `the node agent for tests does not know ${fields.join(', ')}, which container ${container.name} asks for`,
  );
}

function imageOf({ image: name }: Container, images: Images): Image {
  const image = images[name];
  if (image !== undefined) return image;
  const known = Object.keys(images).join(', ');
  throw new ImageError(`the node agent was given no image ${name}, only ${known || 'none'}`);
}

function commandOf({ name, command, args }: Container, image: Image): readonly string[] {
  // If the Pod has a command, the arguments of the image are not used.
  const words = [
    ...(command ?? image.entrypoint ?? []),
    ...(args ?? (command ? [] : (image.cmd ?? []))),
  ];
  if (words.length === 0) throw new ContainerConfigError(`no command for container ${name}`);
  return words;
}

function mountsOf({ pod, container, sandbox }: StartOptions, folder: string): Mount[] {
  const etc = (name: string) => ({
    source: join(sandbox.folder, 'etc', name),
    target: `/etc/${name}`,
    readOnly: true,
  });
  return [
    ...['hosts', 'hostname'].map(etc),
    {
      source: join(sandbox.folder, folder, 'termination-log'),
      target: container.terminationMessagePath ?? '/dev/termination-log',
      readOnly: false,
    },
    ...(container.volumeMounts ?? []).map((mount) => volumeMount(mount, pod, sandbox)),
  ];
}

function volumeMount(
  { name, mountPath, subPath, readOnly }: VolumeMount,
  pod: Pod,
  sandbox: Sandbox,
) {
  const volume = pod.spec.volumes?.find((it) => it.name === name);
  const folder = volumeFolder(sandbox.folder, name);
  return {
    source: subPath === undefined ? folder : join(folder, subPath),
    target: mountPath,
    // Volumes with content from the API are read-only.
    readOnly: readOnly === true || volume?.emptyDir === undefined,
  };
}
