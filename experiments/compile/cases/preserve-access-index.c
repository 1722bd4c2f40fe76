// SPDX-License-Identifier: GPL-2.0-only
struct task {
	int pid;
};

int prog(struct task *task)
{
	return *(int *)__builtin_preserve_access_index(&task->pid);
}
