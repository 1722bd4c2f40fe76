// SPDX-License-Identifier: GPL-2.0-only
#include "model/verdict.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/num.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const char *const verdict_names[] = {
	[VERDICT_NONE] = "-",
	[VERDICT_ACCEPT] = "accept",
	[VERDICT_REJECT] = "reject",
};

static const char *const status_names[] = {
	[STATUS_OK] = "ok",
	[STATUS_SKIPPED] = "skipped",
	[STATUS_UNEXPECTED] = "unexpected",
	[STATUS_TIMEOUT] = "timeout",
	[STATUS_CRASHED] = "crashed",
	[STATUS_HARNESS] = "harness error",
};

static const char *name_of(const char *const *names, size_t n, unsigned int value)
{
	return value < n ? names[value] : "?";
}

static int value_of(const char *const *names, size_t n, const char *s)
{
	if (!s)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(names[i], s))
			return (int)i;
	}
	return -EINVAL;
}

const char *verdict__name(enum verdict v)
{
	return name_of(verdict_names, ARRAY_SIZE(verdict_names), v);
}

const char *status__name(enum status s)
{
	return name_of(status_names, ARRAY_SIZE(status_names), s);
}

int verdict__parse(const char *s, enum verdict *out)
{
	int v = value_of(verdict_names, ARRAY_SIZE(verdict_names), s);

	if (v < 0)
		return v;
	*out = v;
	return 0;
}

int status__parse(const char *s, enum status *out)
{
	int v = value_of(status_names, ARRAY_SIZE(status_names), s);

	if (v < 0)
		return v;
	*out = v;
	return 0;
}

enum status status__worse(enum status a, enum status b)
{
	return a > b ? a : b;
}

struct errno_entry {
	int err;
	const char *name;
};

/* Where Linux gives one number two names, the first entry is the one that errno__name uses. The
 * numbers above 511 are the kernel's own (include/linux/errno.h): they are not meant for user
 * space, but bpf() returns some of them, ENOTSUPP above all. */
#define E(name)             \
	{                   \
		name, #name \
	}
static const struct errno_entry errnos[] = {
	E(EPERM),
	E(ENOENT),
	E(ESRCH),
	E(EINTR),
	E(EIO),
	E(ENXIO),
	E(E2BIG),
	E(ENOEXEC),
	E(EBADF),
	E(ECHILD),
	E(EAGAIN),
	E(ENOMEM),
	E(EACCES),
	E(EFAULT),
	E(ENOTBLK),
	E(EBUSY),
	E(EEXIST),
	E(EXDEV),
	E(ENODEV),
	E(ENOTDIR),
	E(EISDIR),
	E(EINVAL),
	E(ENFILE),
	E(EMFILE),
	E(ENOTTY),
	E(ETXTBSY),
	E(EFBIG),
	E(ENOSPC),
	E(ESPIPE),
	E(EROFS),
	E(EMLINK),
	E(EPIPE),
	E(EDOM),
	E(ERANGE),
	E(EDEADLK),
	E(ENAMETOOLONG),
	E(ENOLCK),
	E(ENOSYS),
	E(ENOTEMPTY),
	E(ELOOP),
	E(ENOMSG),
	E(EIDRM),
	E(ECHRNG),
	E(EL2NSYNC),
	E(EL3HLT),
	E(EL3RST),
	E(ELNRNG),
	E(EUNATCH),
	E(ENOCSI),
	E(EL2HLT),
	E(EBADE),
	E(EBADR),
	E(EXFULL),
	E(ENOANO),
	E(EBADRQC),
	E(EBADSLT),
	E(EBFONT),
	E(ENOSTR),
	E(ENODATA),
	E(ETIME),
	E(ENOSR),
	E(ENONET),
	E(ENOPKG),
	E(EREMOTE),
	E(ENOLINK),
	E(EADV),
	E(ESRMNT),
	E(ECOMM),
	E(EPROTO),
	E(EMULTIHOP),
	E(EDOTDOT),
	E(EBADMSG),
	E(EOVERFLOW),
	E(ENOTUNIQ),
	E(EBADFD),
	E(EREMCHG),
	E(ELIBACC),
	E(ELIBBAD),
	E(ELIBSCN),
	E(ELIBMAX),
	E(ELIBEXEC),
	E(EILSEQ),
	E(ERESTART),
	E(ESTRPIPE),
	E(EUSERS),
	E(ENOTSOCK),
	E(EDESTADDRREQ),
	E(EMSGSIZE),
	E(EPROTOTYPE),
	E(ENOPROTOOPT),
	E(EPROTONOSUPPORT),
	E(ESOCKTNOSUPPORT),
	E(EOPNOTSUPP),
	E(EPFNOSUPPORT),
	E(EAFNOSUPPORT),
	E(EADDRINUSE),
	E(EADDRNOTAVAIL),
	E(ENETDOWN),
	E(ENETUNREACH),
	E(ENETRESET),
	E(ECONNABORTED),
	E(ECONNRESET),
	E(ENOBUFS),
	E(EISCONN),
	E(ENOTCONN),
	E(ESHUTDOWN),
	E(ETOOMANYREFS),
	E(ETIMEDOUT),
	E(ECONNREFUSED),
	E(EHOSTDOWN),
	E(EHOSTUNREACH),
	E(EALREADY),
	E(EINPROGRESS),
	E(ESTALE),
	E(EUCLEAN),
	E(ENOTNAM),
	E(ENAVAIL),
	E(EISNAM),
	E(EREMOTEIO),
	E(EDQUOT),
	E(ENOMEDIUM),
	E(EMEDIUMTYPE),
	E(ECANCELED),
	E(ENOKEY),
	E(EKEYEXPIRED),
	E(EKEYREVOKED),
	E(EKEYREJECTED),
	E(EOWNERDEAD),
	E(ENOTRECOVERABLE),
	E(ERFKILL),
	E(EHWPOISON),
	E(EWOULDBLOCK),
	E(EDEADLOCK),
	E(ENOTSUP),
	{ 512, "ERESTARTSYS" },
	{ 513, "ERESTARTNOINTR" },
	{ 514, "ERESTARTNOHAND" },
	{ 515, "ENOIOCTLCMD" },
	{ 516, "ERESTART_RESTARTBLOCK" },
	{ 517, "EPROBE_DEFER" },
	{ 518, "EOPENSTALE" },
	{ 519, "ENOPARAM" },
	{ 521, "EBADHANDLE" },
	{ 522, "ENOTSYNC" },
	{ 523, "EBADCOOKIE" },
	{ 524, "ENOTSUPP" },
	{ 525, "ETOOSMALL" },
	{ 526, "ESERVERFAULT" },
	{ 527, "EBADTYPE" },
	{ 528, "EJUKEBOX" },
	{ 529, "EIOCBQUEUED" },
	{ 530, "ERECALLCONFLICT" },
};
#undef E

/* "E0" … "E4099": every number that a system call can return as an error (MAX_ERRNO is 4095), so
 * that errno__name needs no buffer. */
#define N10(p)                                                                              \
	"E" #p "0", "E" #p "1", "E" #p "2", "E" #p "3", "E" #p "4", "E" #p "5", "E" #p "6", \
		"E" #p "7", "E" #p "8", "E" #p "9"
#define N100(p)                                                                                 \
	N10(p##0), N10(p##1), N10(p##2), N10(p##3), N10(p##4), N10(p##5), N10(p##6), N10(p##7), \
		N10(p##8), N10(p##9)
#define N1000(p)                                                                            \
	N100(p##0), N100(p##1), N100(p##2), N100(p##3), N100(p##4), N100(p##5), N100(p##6), \
		N100(p##7), N100(p##8), N100(p##9)
static const char numbered[4100][6] = {
	N10(),	 N10(1),  N10(2),  N10(3),   N10(4),   N10(5),	 N10(6),   N10(7),
	N10(8),	 N10(9),  N100(1), N100(2),  N100(3),  N100(4),	 N100(5),  N100(6),
	N100(7), N100(8), N100(9), N1000(1), N1000(2), N1000(3), N100(40),
};
#undef N10
#undef N100
#undef N1000

const char *errno__name(int err)
{
	for (size_t i = 0; i < ARRAY_SIZE(errnos); i++) {
		if (errnos[i].err == err)
			return errnos[i].name;
	}
	return err >= 0 && (size_t)err < ARRAY_SIZE(numbered) ? numbered[err] : "E?";
}

int errno__parse(const char *s, int *err)
{
	uint64_t n;

	if (!s)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(errnos); i++) {
		if (!strcmp(errnos[i].name, s)) {
			*err = errnos[i].err;
			return 0;
		}
	}
	/* What errno__name made up for a number without a name reads back. */
	if (s[0] == 'E' && s[1] >= '0' && s[1] <= '9')
		s++;
	if (num_u64(s, 0, ARRAY_SIZE(numbered) - 1, &n))
		return -EINVAL;
	*err = (int)n;
	return 0;
}
