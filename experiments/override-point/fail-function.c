// SPDX-License-Identifier: GPL-2.0-only
#include "fail-function.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "guest/experiment.h"

#define DIR "/sys/kernel/debug/fail_function/"

/* How often it may still fail: the kernel counts down from here, which is our count. -1 would be
 * without end, and without a count. */
#define TIMES 2000000000

static const char *const files[FAIL_FUNCTION_SETTINGS] = {
	DIR "probability", DIR "interval",    DIR "space",
	DIR "verbose",	   DIR "task-filter", DIR "times",
};

static int set_up(struct fail_function *f, bool by_breakpoint)
{
	char times[24];
	const char *const values[FAIL_FUNCTION_SETTINGS] = {
		by_breakpoint ? "0" : "100", "1", "0", "0", by_breakpoint ? "N" : "Y", times,
	};
	int err = 0;

	snprintf(times, sizeof(times), "%d", TIMES);
	for (size_t i = 0; !err && i < FAIL_FUNCTION_SETTINGS; i++) {
		err = file_read(files[i], 0, &f->before[i], NULL);
		if (!err)
			err = exp__write_str(files[i], values[i]);
	}
	return err;
}

int fail_function__inject(struct fail_function *f, const char *symbol, int64_t result,
			  bool by_breakpoint, char **reason)
{
	char path[192], value[24];
	int err = set_up(f, by_breakpoint);

	if (!err)
		err = exp__write_str(DIR "inject", symbol);
	if (err)
		return err;
	f->symbol = symbol;
	snprintf(path, sizeof(path), DIR "%s/retval", symbol);
	snprintf(value, sizeof(value), "%#" PRIx64, result);
	err = exp__write_str(path, value);
	if (err)
		*reason = str_fmt("fail_function does not take %s as the result of %s", value,
				  symbol);
	return err;
}

void fail_function__remove(struct fail_function *f)
{
	char line[160];

	snprintf(line, sizeof(line), "!%s", f->symbol ? f->symbol : "");
	if (f->symbol)
		exp__write_str(DIR "inject", line);
	for (size_t i = 0; i < FAIL_FUNCTION_SETTINGS; i++) {
		if (f->before[i])
			exp__write_str(files[i], f->before[i]);
		free(f->before[i]);
	}
	*f = (struct fail_function){ 0 };
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

	/* A read that was not armed has no explanation, and is a failed check. */
	if (write(fd, word, strlen(word)) < 0)
		return;
}
