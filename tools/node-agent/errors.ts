/** Why a container cannot start, in the words of kubelet's `waiting.reason`. The agent tries again. */
export class WaitingError extends Error {
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** What the Pod says about the container cannot be done, or names what is not there. */
export class ContainerConfigError extends WaitingError {
  override name = 'ContainerConfigError';
  constructor(message: string) {
    super('CreateContainerConfigError', message);
  }
}

/** No image of that name was given to the agent. */
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
