import { chmod, cp, mkdir, mkdtemp, readdir, lchown } from "node:fs/promises";
import { join } from "node:path";

/** The user and the group of Spacelift's worker. */
const worker = 1983;

/**
 * Creates a workspace as Kubernetes does for a pod with fsGroup 1983: anyone may write to it, and what is created in it gets
 * that group. Fixtures belong to the worker's user.
 * @param files a folder whose content is copied to `source` in it
 */
export async function createWorkspace(parent: string, files?: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, "workspace-"));
  if (files !== undefined) await cp(files, join(folder, "source"), { recursive: true, verbatimSymlinks: true });
  for (const path of ["", ...(await readdir(folder, { recursive: true }))])
    await lchown(join(folder, path), worker, worker);
  await chmod(folder, 0o2777);
  return folder;
}
