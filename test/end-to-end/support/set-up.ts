import { fileURLToPath } from 'node:url';
import { installPackage } from './npm-packages.js';
import { installSystemPackages } from './system-packages.js';

/** Packages whose tests are part of the tier, or that its tests run the gateway with. */
const PACKAGES = ['end-to-end', 'fuzz', 'peers', 'soak'];

/** Installs what the end-to-end tests need beyond `npm ci`. Does nothing when it is installed. */
export default function setUp(): void {
  installSystemPackages();
  for (const name of PACKAGES) installPackage(name);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setUp();
