import { readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";

import { archiveName } from "../../images/pulumiRelease";
import { ownPlatform } from "../../local/native/platforms";
import { type CheckoutCopy, language } from "./checkoutCopy";
import { type Fault, assertReached, describeFaults } from "./faults";

const unchanged = /Nothing has changed: every tag serves the same digest as before\./;

/** A file of the copy that is damaged: the next release finds out. */
function damaged(file: string, text: string | undefined, says: RegExp): Fault {
  return {
    strike: (copy) => {
      if (text === undefined) rmSync(copy.path(file), { recursive: true });
      else writeFileSync(copy.path(file), text);
      return undefined;
    },
    says,
    exit: 0,
  };
}

/** Pulumi's archive in the mirror, with other bytes; the file itself is shared with nobody. */
function changeArchive(change: (file: string) => void): Fault {
  return {
    strike: (copy) => {
      change(copy.local("releases", archiveName("3.66.0", ownPlatform())));
      // What was read of it is in a cache.
      rmSync(copy.local("archives"), { recursive: true, force: true });
      return undefined;
    },
    says: /\S+\.tar\.gz has changed since it was built: it is built again/,
    exit: 0,
  };
}

/** The last layer of the image, and the file that the registry stores it in. */
async function lastLayer(copy: CheckoutCopy): Promise<{ digest: string; file: string }> {
  const manifest = await copy.client.manifest("v3.66.0");
  const digest = manifest?.layers?.at(-1)?.digest ?? "";
  return { digest, file: copy.blobFile(digest) };
}

/** A layer of what is published is damaged, then a command runs. */
function damagedLayer(damage: (file: string) => void, target: string, says: RegExp, exit: number): Fault {
  return {
    strike: async (copy) => {
      damage((await lastLayer(copy)).file);
      return copy.make(target, { TAG: "v3.66.0", LANGUAGE: language });
    },
    says,
    exit,
  };
}

describeFaults("damaged local state", {
  "ports.json is cut off": damaged(
    ".local/ports.json",
    '{"registry": 43',
    /ports\.json is damaged: other ports are chosen/,
  ),
  "ports.json has a wrong port": damaged(
    ".local/ports.json",
    '{"registry":"abc"}',
    /ports\.json is damaged: other ports/,
  ),
  "the config file is missing": damaged(".local/project/Pulumi.local.yaml", undefined, unchanged),
  "the config file is empty": damaged(".local/project/Pulumi.local.yaml", "", unchanged),
  "the config file is damaged": damaged(
    ".local/project/Pulumi.local.yaml",
    "config: {a: [",
    /Pulumi\.local\.yaml is damaged \(.*\): it is rewritten/,
  ),
  "the state is removed": damaged(".local/state", undefined, unchanged),
  "the stack is removed": {
    strike: async (copy) => {
      assertReached(await copy.make("pulumi", { ARGS: "stack rm --force --yes" }));
      return undefined;
    },
    says: unchanged,
    exit: 0,
  },
  "the state is cut off": {
    strike: (copy) => {
      const file = copy.local("state", ".pulumi", "stacks", "runner-pulumi", "local.json");
      truncateSync(file, 500);
      return undefined;
    },
    says: /local\.json is damaged: it is renamed, and what is published is adopted/,
    exit: 0,
  },
  "the record of the bases is cut off": damaged(".local/bases.json", "{", unchanged),
  "an archive of the mirror is cut off": changeArchive((file) => truncateSync(file, 1_000_000)),
  "an archive of the mirror has another byte": changeArchive((file) => {
    const bytes = readFileSync(file);
    bytes[5_000_000]! ^= 1;
    writeFileSync(file, bytes);
  }),
  "an npm package is missing": {
    strike: (copy) => {
      renameSync(copy.path("node_modules", "semver"), copy.path("semver"));
      return undefined;
    },
    says: /Installing npm packages, including Node\.js/,
    exit: 0,
  },
  "a layer is lost: status": damagedLayer(
    (file) => rmSync(file),
    "status",
    /v3\.66\.0 of yaml cannot be pulled: the registry has lost blob sha256:\w+\.\nRe-release each/,
    2,
  ),
  "a layer is lost: verify": damagedLayer(
    (file) => rmSync(file),
    "verify",
    /v3\.66\.0 is incomplete, the registry has lost blob sha256:\w+\. Re-release the tag\./,
    2,
  ),
  "a layer is lost: release": damagedLayer(
    (file) => rmSync(file),
    "up",
    /has lost blob sha256:\w+\. The image is pushed again\./,
    0,
  ),
  "a layer is cut off: release": {
    ...damagedLayer(
      (file) => truncateSync(file, 1000),
      "up",
      /Content with another size or digest is damaged in the registry's storage\. No push replaces it: remove it there first\./,
      2,
    ),
    passes: async (copy) => rmSync((await lastLayer(copy)).file),
  },
  "a manifest is lost": {
    strike: async (copy) => {
      rmSync(copy.blobFile((await copy.client.digest("v3.66.0")) ?? ""));
      return undefined;
    },
    says: /has lost manifest sha256:\w+\. The image is pushed again\./,
    exit: 0,
  },
});
