/**
 * Why a container cannot start, with the kubelet's values of `waiting.reason`. The agent tries
 * again.
 */
export class WaitingError extends Error {
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The Pod's declaration of the container is not supported, or refers to a missing object. */
export class ContainerConfigError extends WaitingError {
  override name = 'ContainerConfigError';
  constructor(message: string) {
    super('CreateContainerConfigError', message);
  }
}

/** The agent has no image with this name. */
export class ImageError extends WaitingError {
  override name = 'ImageError';
  constructor(message: string) {
    super('ErrImagePull', message);
  }
}

/** A volume cannot be filled. */
export class VolumeError extends WaitingError {
  override name = 'VolumeError';
  constructor(message: string) {
    super('ContainerCreating', message);
  }
}

/** The root file system of a container cannot be set up. */
export class RunContainerError extends WaitingError {
  override name = 'RunContainerError';
  constructor(message: string) {
    super('RunContainerError', message);
  }
}
