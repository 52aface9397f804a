/**
 * wave-cron's program as users get it, bundled, as an image for the node agent. The image of the
 * Dockerfile has tests of its own (test/image): this one is there in a second, also without buildah.
 */
import { join } from 'node:path';
import { hostImage, type Image } from '../../tools/node-agent/images.ts';
import { builtProgram } from '../jobs/built-program.ts';

const root = join(import.meta.dirname, '../..');

let image: Image | undefined;

/** The same for all tests of a process, until it ends. */
export function programImage(): Image {
  image ??= hostImage({
    folders: { '/app/dist': builtProgram(), '/app/package.json': join(root, 'package.json') },
    entrypoint: ['/app/dist/wave-cron.js'],
  });
  return image;
}
