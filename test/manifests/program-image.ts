/**
 * An image for the node agent with the bundled program that users get. It takes only a second and does not need
 * buildah. The image of the Dockerfile has its own tests in test/image.
 */
import { join } from 'node:path';
import { hostImage, type Image } from '../../tools/node-agent/images.ts';
import { builtProgram } from '../jobs/built-program.ts';

const root = join(import.meta.dirname, '../..');

let image: Image | undefined;

/** Builds the image once for all tests of a process. */
export function programImage(): Image {
  image ??= hostImage({
    folders: { '/app/dist': builtProgram(), '/app/package.json': join(root, 'package.json') },
    entrypoint: ['/app/dist/wave-cron.js'],
  });
  return image;
}
