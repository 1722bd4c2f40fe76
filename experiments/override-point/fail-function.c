// SPDX-License-Identifier: GPL-2.0-only
#include "fail-function.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "guest/experiment.h"

#define DIR "/sys/kernel/debug/fail_function/"

/* How often it may still fail: the kernel counts down from here, which is our count. -1 would be
 * without end, and without a count. */
#define TIMES 2000000000

static int set_up(bool by_breakpoint)
{
	const struct {
		const char *file, *value;
	} settings[] = {
		{ DIR "probability", by_breakpoint ? "0" : "100" },
		{ DIR "interval", "1" },
		{ DIR "space", "0" },
		{ DIR "verbose", "0" },
		{ DIR "task-filter", by_breakpoint ? "N" : "Y" },
	};
	char times[24];
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(settings) / sizeof(settings[0]); i++)
		err = exp__write_str(settings[i].file, settings[i].value);
	snprintf(times, sizeof(times), "%d", TIMES);
	return err ? err : exp__write_str(DIR "times", times);
}

int fail_function__inject(const char *symbol, int64_t result, bool by_breakpoint, char **reason)
{
	char path[192], value[24];
	int err = set_up(by_breakpoint);

	if (!err)
		err = exp__write_str(DIR "inject", symbol);
	if (err)
		return err;
	snprintf(path, sizeof(path), DIR "%s/retval", symbol);
	snprintf(value, sizeof(value), "%#" PRIx64, result);
	err = exp__write_str(path, value);
	if (!err)
		return 0;
	*reason = str_fmt("fail_function does not take %s as the result of %s", value, symbol);
	fail_function__remove(symbol);
	return err;
}

void fail_function__remove(const char *symbol)
{
	char line[160];

	snprintf(line, sizeof(line), "!%s", symbol);
	exp__write_str(DIR "inject", line);
	exp__write_str(DIR "probability", "0");
}

int64_t fail_function__count(void)
{
	uint64_t left;

	return exp__read_u64(DIR "times", &left) ? -1 : TIMES - (int64_t)left;
}

int fail_function__open(bool by_breakpoint)
{
	int fd = open(by_breakpoint ? DIR "probability" : "/proc/thread-self/make-it-fail",
		      O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

void fail_function__arm(int fd, bool on, bool by_breakpoint)
{
	const char *word = !on ? "0" : by_breakpoint ? "100" : "1";

	/* What can't be armed is not overridden, and counted as such. */
	if (write(fd, word, strlen(word)) < 0)
		return;
}
