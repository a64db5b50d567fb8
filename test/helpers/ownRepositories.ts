// A git hook, and `git rebase --exec`, set variables that point every git below them to their own repository. No test may
// commit, tag or set anything there: https://git-scm.com/docs/githooks
for (const name of ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"]) {
  delete process.env[name];
}
