// SPDX-License-Identifier: GPL-2.0-only
#include "store/alive.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static void read_boot_id(char *buf, size_t len)
{
	char *data;

	buf[0] = '\0';
	if (file_read("/proc/sys/kernel/random/boot_id", 0, &data, NULL))
		return;
	data[strcspn(data, "\n")] = '\0';
	snprintf(buf, len, "%s", data);
	free(data);
}

static int64_t pid_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) ? -1 : (int64_t)st.st_ino;
}

/* State letter and start time (fields 3 and 22, proc(5)). The name in field 2 may hold blanks and
 * parentheses: fields are counted from its last one. 0 or -errno. */
static int read_stat(int64_t pid, char *state, int64_t *start)
{
	char path[48], *data, *p;
	int err, field;

	snprintf(path, sizeof(path), "/proc/%" PRId64 "/stat", pid);
	err = file_read(path, 0, &data, NULL);
	if (err)
		return err;
	p = strrchr(data, ')');
	err = -EINVAL;
	if (!p || p[1] != ' ' || !p[2])
		goto out;
	*state = p[2];
	p += 2;
	for (field = 3; p && field < 22; field++) {
		p = strchr(p, ' ');
		if (p)
			p++;
	}
	if (!p || sscanf(p, "%" SCNd64, start) != 1)
		goto out;
	err = 0;
out:
	free(data);
	return err;
}

void process_id__self(struct process_id *out)
{
	char state;

	out->pid = getpid();
	out->ns = pid_namespace();
	if (read_stat(out->pid, &state, &out->start))
		out->start = -1;
	read_boot_id(out->boot_id, sizeof(out->boot_id));
}

const char *process_id__gone(const struct process_id *p, char *buf, unsigned int len)
{
	char boot_id[sizeof(p->boot_id)], state;
	int64_t start, ns;
	int err;

	read_boot_id(boot_id, sizeof(boot_id));
	if (*p->boot_id && *boot_id && strcmp(p->boot_id, boot_id) != 0) {
		snprintf(buf, len, "the machine was restarted before it ended");
		return buf;
	}
	ns = pid_namespace();
	if (p->ns >= 0 && ns >= 0 && p->ns != ns)
		return NULL;
	err = read_stat(p->pid, &state, &start);
	if (err == -ENOENT || err == -ESRCH ||
	    (!err && (state == 'Z' || state == 'X' || (p->start >= 0 && start != p->start)))) {
		snprintf(buf, len, "its process %" PRId64 " is gone and did not end it", p->pid);
		return buf;
	}
	return NULL;
}
