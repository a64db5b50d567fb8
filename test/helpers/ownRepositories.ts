// A git hook, and `git rebase --exec`, name the repository that they run for to every git that is started in them. No test
// is to commit, tag or set anything there: https://git-scm.com/docs/githooks
for (const name of ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"]) {
  delete process.env[name];
}
