// SPDX-License-Identifier: GPL-2.0-only
/* Does an archive still have what its index lists? */
#include "vm/aptindex.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/num.h"
#include "base/proc.h"

struct answer {
	int code;   /* of HTTP; 0: none came */
	char *last; /* line that was printed */
};

/* "404" of curl, "HTTP request sent, awaiting response... 404 Not Found" of wget. */
static void on_line(void *ctx, const char *line)
{
	static const char mark[] = "awaiting response... ";
	struct answer *a = ctx;
	const char *s = strstr(line, mark);
	int code;

	s = s ? s + strlen(mark) : line;
	if (sscanf(s, "%3d", &code) == 1 && code >= 100)
		a->code = code;
	if (line[strspn(line, " \t")] && strcmp(line, "000")) {
		free(a->last);
		a->last = strdup(line);
	}
}

/* What apt goes through to get there: "http_proxy=ADDRESS"; NULL: nothing that it says. */
static char *proxy(const char *url)
{
	bool tls = str_starts(url, "https:");
	const char *argv[] = { "apt-config", "dump",
			       "--no-empty", "--format",
			       "%v%n",	     tls ? "Acquire::https::Proxy" : "Acquire::http::Proxy",
			       NULL };
	char *text = NULL, *env = NULL;
	int status;

	if (!proc_output(argv, &text, &status) && !status) {
		text[strcspn(text, "\n")] = '\0';
		if (*text)
			env = str_fmt("%s_proxy=%s", tls ? "https" : "http",
				      strcmp(text, "DIRECT") ? text : "");
	}
	free(text);
	return env;
}

static int ask(const char *url, int cancel_fd, struct answer *a)
{
	const char *curl[] = {
		"curl",	     "-sSIL", "--connect-timeout", "30", "--max-time", "60", "-o",
		"/dev/null", "-w",    "%{http_code}\n",	   "--", url,	       NULL
	};
	const char *wget[] = { "wget", "--spider", "--tries=2", "--timeout=30", "--", url, NULL };
	char *has_curl = proc_which("curl"), *has_wget = proc_which("wget");
	char *through = proxy(url);
	const char *env[] = { "LC_ALL=C", through, NULL };
	int status, err = -ENOENT;

	if (has_curl || has_wget)
		err = proc_run(
			&(struct proc_opts){
				.argv = has_curl ? curl : wget,
				.env = env,
				.on_line = on_line,
				.ctx = a,
				.cancel_fd = cancel_fd,
			},
			&status);
	else
		a->last = strdup("to ask it takes curl or wget: apt-get install curl");
	if (err == -ENOENT)
		err = -ENOPKG; /* of ours, not of the archive */
	free(has_curl);
	free(has_wget);
	free(through);
	return err;
}

int apt_offer__there(const struct apt_offer *o, int cancel_fd, char **said)
{
	struct answer a = { 0 };
	int err;

	*said = NULL;
	/* A mirror on a disk: "file:/srv/debian/…", "copy:///srv/…". */
	if (str_starts(o->url, "file:") || str_starts(o->url, "copy:")) {
		const char *path = o->url + strlen("file:");

		path += str_starts(path, "//") ? 2 : 0;
		if (file_exists(path))
			return 0;
		*said = strdup("there is no such file");
		return -ENOENT;
	}
	if (!str_starts(o->url, "http:") && !str_starts(o->url, "https:")) {
		*said = strdup("an archive of this kind cannot be asked");
		return -EPROTONOSUPPORT;
	}
	err = ask(o->url, cancel_fd, &a);
	if (!err && a.code == 200)
		goto out;
	if (!err)
		err = a.code == 404 || a.code == 410 ? -ENOENT : -EIO;
	*said = a.code ? str_fmt("HTTP %d", a.code) : strdup(a.last ? a.last : "no answer");
out:
	free(a.last);
	return err;
}
