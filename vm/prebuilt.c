// SPDX-License-Identifier: GPL-2.0-only
#include "vm/prebuilt.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/proc.h"
#include "base/utf8.h"
#include "vm/banner.h"

#define DEB	"deb:"
#define APT	"apt:"
#define VMLINUX "vmlinux:"
#define CONFIG	"config:"
#define MODULES "modules:"

#define IMAGE_PREFIX "linux-image-"

bool prebuilt__is(const char *word)
{
	return str_starts(word, DEB) || str_starts(word, APT) || str_starts(word, VMLINUX);
}

static int append(char **to, const char *text)
{
	char *joined = str_fmt("%s,%s", *to, text);

	if (!joined)
		return -ENOMEM;
	free(*to);
	*to = joined;
	return 0;
}

int prebuilt__split(const char *arg, struct strv *words)
{
	struct strv parts = { 0 };
	int err = strv__split(&parts, arg, ",");

	for (size_t i = 0; !err && i < parts.n; i++) {
		bool more = str_starts(parts.v[i], CONFIG) || str_starts(parts.v[i], MODULES);

		err = more && words->n ? append(&words->v[words->n - 1], parts.v[i])
				       : strv__add(words, parts.v[i]);
	}
	strv__free(&parts);
	return err;
}

void prebuilt__free(struct prebuilt *p)
{
	if (!p)
		return;
	free(p->spec);
	free(p->image);
	free(p->modules);
	free(p->config);
	free(p->package);
	free(p->version);
	free(p->suite);
	free(p);
}

/* --- parsing --------------------------------------------------------------------------------- */

static int wrong(char **why, const char *spec, const char *what)
{
	*why = str_fmt("%s: %s", spec, what);
	return *why ? -EINVAL : -ENOMEM;
}

/* A package's name, version or suite may have these and no others (deb-control(5)). What becomes a
 * folder's name begins with no dot. */
static bool is_plain(const char *s)
{
	return isalnum((unsigned char)*s) &&
	       !s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789.+-~:_")];
}

static int parse_package(struct prebuilt *p, const char *text, char **why)
{
	size_t name = strcspn(text, "=/");
	const char *rest = text + name;

	p->package = strndup(text, name);
	if (*rest == '=') {
		size_t len = strcspn(rest + 1, "/");

		p->version = strndup(rest + 1, len);
		rest += 1 + len;
	}
	if (*rest == '/')
		p->suite = strdup(rest + 1);
	if (!p->package)
		return -ENOMEM;
	if (!is_plain(p->package) || (p->version && !is_plain(p->version)) ||
	    (p->suite && !is_plain(p->suite)))
		return wrong(why, p->spec, "expected apt:PACKAGE[=VERSION][/SUITE]");
	return 0;
}

static int parse_part(struct prebuilt *p, const char *part, char **why)
{
	bool config = str_starts(part, CONFIG);
	const char *file = part + strlen(config ? CONFIG : MODULES);
	char **to = config ? &p->config : &p->modules;

	if (!config && !str_starts(part, MODULES))
		return wrong(why, p->spec, "a file's name may have no comma");
	if (p->kind != (config ? PREBUILT_FILE : PREBUILT_DEB))
		return wrong(why, p->spec,
			     config ? "config: goes with vmlinux:" : "modules: goes with deb:");
	if (*to || !*file)
		return wrong(why, p->spec, *to ? "there are two of one kind" : "a file is missing");
	*to = strdup(file);
	return *to ? 0 : -ENOMEM;
}

static int parse_head(struct prebuilt *p, const char *head, char **why)
{
	const char *text = strchr(head, ':') + 1;

	p->kind = str_starts(head, DEB)	  ? PREBUILT_DEB
		  : str_starts(head, APT) ? PREBUILT_APT
					  : PREBUILT_FILE;
	if (!*text)
		return wrong(why, p->spec,
			     p->kind == PREBUILT_APT ? "a package is missing"
						     : "a file is missing");
	if (p->kind == PREBUILT_APT)
		return parse_package(p, text, why);
	p->image = strdup(text);
	return p->image ? 0 : -ENOMEM;
}

int prebuilt__parse(const char *spec, struct prebuilt **out, char **why)
{
	struct prebuilt *p = calloc(1, sizeof(*p));
	struct strv parts = { 0 };
	int err = p ? strv__split(&parts, spec, ",") : -ENOMEM;

	*why = NULL;
	if (!err) {
		p->spec = strdup(spec);
		err = p->spec ? 0 : -ENOMEM;
	}
	if (!err && !utf8_is_text(spec))
		err = wrong(why, spec, "a name must be UTF-8, without control characters");
	if (!err && (!parts.n || !prebuilt__is(parts.v[0])))
		err = wrong(why, spec, "expected deb:FILE, apt:PACKAGE or vmlinux:FILE");
	if (!err)
		err = parse_head(p, parts.v[0], why);
	for (size_t i = 1; !err && i < parts.n; i++)
		err = parse_part(p, parts.v[i], why);
	strv__free(&parts);
	if (err)
		prebuilt__free(p);
	else
		*out = p;
	return err;
}

/* --- what they are --------------------------------------------------------------------------- */

char *prebuilt__package_kernel(const char *package)
{
	const char *start = package;
	size_t len, tail = strlen("-unsigned");

	if (str_starts(package, IMAGE_PREFIX))
		start += strlen(IMAGE_PREFIX);
	if (str_starts(start, "unsigned-")) /* Ubuntu's */
		start += strlen("unsigned-");
	if (*start < '0' || *start > '9')
		start = package;
	len = strlen(start);
	if (str_ends(start, "-unsigned"))
		len -= tail;
	return strndup(start, len);
}

static char *safe_name(char *name)
{
	for (char *p = name; p && *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr(".+-~_", *p))
			*p = '-';
	return name;
}

static int check_file(const char *spec, const char *path)
{
	struct stat st;
	const char *why = stat(path, &st) || access(path, R_OK) ? strerror(errno) : NULL;

	if (!why && !S_ISREG(st.st_mode)) /* opening a pipe would wait for ever */
		why = "it is no plain file";
	if (why)
		log_err("-k %s: %s: %s", spec, path, why);
	return why ? -EINVAL : 0;
}

static int identify_deb(const struct prebuilt *p, char **name, struct kver *version)
{
	const char *argv[] = { "dpkg-deb", "-W", "--showformat=${Package}\\n${Version}\\n",
			       p->image, NULL };
	struct strv lines = { 0 };
	char *said = NULL;
	int status = 0, err = proc_output(argv, &said, &status);

	if (err) {
		log_err("-k %s: to read a package it takes dpkg-deb: %s", p->spec, strerror(-err));
		return err;
	}
	err = strv__split(&lines, said, "\n");
	if (!err && (status || lines.n != 2)) {
		log_err("-k %s: %s is no Debian package", p->spec, p->image);
		err = -EINVAL;
	}
	if (!err) {
		*name = safe_name(prebuilt__package_kernel(lines.v[0]));
		err = *name ? 0 : -ENOMEM;
		kver__parse(lines.v[1], version);
	}
	strv__free(&lines);
	free(said);
	return err;
}

static int identify_file(const struct prebuilt *p, char **name, struct kver *version)
{
	struct banner b;
	int err = banner__of_file(p->image, &b);

	if (err) {
		log_err("-k %s: %s: %s", p->spec, p->image,
			err == -EINVAL	 ? "it is neither an ELF vmlinux nor a bzImage"
			: err == -ENOENT ? "it does not say which version of Linux it is"
					 : strerror(-err));
		return err == -ENOMEM ? err : -EINVAL;
	}
	*name = safe_name(str_fmt("vmlinux-%s", b.release));
	err = *name ? 0 : -ENOMEM;
	kver__real(b.release, b.version, version);
	banner__release(&b);
	return err;
}

/* A package that only stands for the present kernel is one in each suite. */
static char *package_name(const struct prebuilt *p)
{
	char *kernel = prebuilt__package_kernel(p->package), *name;

	if (!kernel || strcmp(kernel, p->package))
		return safe_name(kernel);
	name = str_fmt("%s%s%s%s%s", kernel, p->version ? "-" : "", p->version ? p->version : "",
		       p->suite ? "-" : "", p->suite ? p->suite : "");
	free(kernel);
	return safe_name(name);
}

int prebuilt__identify(const struct prebuilt *p, char **name, struct kver *version)
{
	int err = 0;

	*name = NULL;
	*version = (struct kver){ 0 };
	if (p->kind == PREBUILT_APT) {
		*name = package_name(p);
		if (p->version)
			kver__parse(p->version, version);
		return *name ? 0 : -ENOMEM;
	}
	err = check_file(p->spec, p->image);
	if (!err && p->config)
		err = check_file(p->spec, p->config);
	if (!err && p->modules)
		err = check_file(p->spec, p->modules);
	if (err)
		return err;
	return p->kind == PREBUILT_DEB ? identify_deb(p, name, version)
				       : identify_file(p, name, version);
}
