// SPDX-License-Identifier: GPL-2.0-only
/* Options that a kernel's configuration does not get, and what assay says of them: with kernels of
 * our own, whose source is a stand-in (cases/options). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "guest/experiment.h"
#include "model/record.h"
#include "setup.h"

/* assay finds its kernels about its own program: one more copy of it, beside other kernels. */
static int settle(const struct place *p, char **program)
{
	const char *assay = exp__assay(p->e), *slash = strrchr(assay, '/');
	char *folder = place__at(p, "own/build"), *vm = place__at(p, "own/vm");
	char *guest = place__at(p, "own/build/assay-guest"), *text = NULL;
	char *kernels = exp__data(p->e, "cases/options/vm"), *real = setup__guest(assay);
	size_t len;
	int err = folder && vm && guest && kernels && real && slash ? dir_make(folder) : -ENOMEM;

	*program = place__at(p, "own/build/assay");
	if (!err && !*program)
		err = -ENOMEM;
	err = err ? err : file_read(assay, 0, &text, &len);
	err = err ? err : file_write(*program, text, len);
	if (!err && (chmod(*program, 0755) || symlink(kernels, vm) || symlink(real, guest)))
		err = -errno;
	if (err)
		exp__fail(p->e, err, "put a second assay beside other kernels");
	free(folder);
	free(vm);
	free(guest);
	free(kernels);
	free(real);
	free(text);
	return err;
}

/* Each in a line of its own, after the fragment's path. */
static const struct {
	const char *what, *line;
} wrong[] = {
	{ "a dependency that is not met, with the option that is missing and where it is asked for",
	  "wrong\\.config:3: kernel wrong: CONFIG_CHILD is to be y, but kconfig made it unset: it "
	  "depends on PARENT, and PARENT is not set \\(Kconfig:8\\)$" },
	{ "an option that this kernel has not",
	  "wrong\\.config:4: kernel wrong: CONFIG_NO_SUCH_OPTION is to be y, but kconfig made it "
	  "unset: this kernel has no such option \\(for x86\\)$" },
	{ "a value outside its range",
	  "wrong\\.config:5: kernel wrong: CONFIG_WIDTH is to be 9, but kconfig made it 8: " },
	{ "an option that another one selects",
	  "wrong\\.config:6: kernel wrong: CONFIG_CHOSEN is to be unset, but kconfig made it y: "
	  "CHOOSER selects it \\(Kconfig:19\\)$" },
};
#define NR_WRONG (sizeof(wrong) / sizeof(wrong[0]))

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

/* The first line, without the folder, which is another one in every run. */
static void observe(struct record *r, const char *errors)
{
	const char *at = strstr(errors, "vm/config/");

	at = at ? at : errors;
	exp__observed(r, 0, "%.*s", (int)strcspn(at, "\n"), at);
}

static int dropped(const struct place *p, const char *program)
{
	const char *argv[] = { program, "kernel", "build", "wrong", NULL };
	struct record *r = exp__measurement(p->e, "options-dropped");
	struct said said = { 0 };
	int err = place__run(p, true, argv, &said);

	if (err) {
		record__free(r);
	} else {
		const char *errors = strbuf__str(&said.err);

		observe(r, errors);
		said__check_status(&said, r, 3);
		for (size_t i = 0; i < NR_WRONG; i++)
			said__check_match(r, errors, wrong[i].what, wrong[i].line);
		exp__check(r, count_lines(errors) == NR_WRONG,
			   "all four at once, a line for each, and nothing else", "%s", errors);
		exp__check(r, !strstr(errors, "make: ***"), "no build was begun", "%s", errors);
		err = exp__text(p->e, "options-dropped", "log", errors, said.err.len);
		err = err ? record__free(r), err : exp__emit(p->e, r);
	}
	said__release(&said);
	return err;
}

/* The stand-in's build says that it has begun, and ends. */
static int met(const struct place *p, const char *program)
{
	const char *argv[] = { program, "kernel", "build", "right", NULL };
	struct record *r = exp__measurement(p->e, "options-met");
	struct said said = { 0 };
	int err = place__run(p, true, argv, &said);

	if (err) {
		record__free(r);
	} else {
		const char *errors = strbuf__str(&said.err);

		exp__check(r, !strstr(errors, "CONFIG_"), "no option is complained of", "%s",
			   errors);
		said__check_match(r, errors, "the build is begun",
				  "^assay: kernel right: the build failed: ");
		err = exp__emit(p->e, r);
	}
	said__release(&said);
	return err;
}

int setup__options(struct place *p)
{
	char *program = NULL;
	int err = settle(p, &program);

	err = err ? err : dropped(p, program);
	err = err ? err : met(p, program);
	free(program);
	return err;
}
