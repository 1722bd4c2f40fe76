// SPDX-License-Identifier: GPL-2.0-only
#include "placement.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/experiment.h"
#include "guest/pass.h"
#include "model/record.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define MAX_CPUS 64

/* While a placement is in force. */
struct scene {
	cpu_set_t all;	   /* that we may run on */
	int cpu[MAX_CPUS]; /* their numbers, which may have gaps: nosmt takes siblings away */
	int cpus;
	int next; /* to migrate to: index in cpu */
	pid_t busy[MAX_CPUS];
};

struct placement {
	const char *name;
	int min_cpus;
	int (*enter)(struct scene *s); /* or NULL */
	int (*before)(void *scene);    /* each read, or NULL */
	void (*leave)(struct scene *s);
};

static int run_on(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one) ? -errno : 0;
}

static void run_anywhere(struct scene *s)
{
	sched_setaffinity(0, sizeof(s->all), &s->all);
}

static int enter_first(struct scene *s)
{
	return run_on(s->cpu[0]);
}

static int enter_last(struct scene *s)
{
	return run_on(s->cpu[s->cpus - 1]);
}

/* To another CPU before each read. */
static int migrate(void *scene)
{
	struct scene *s = scene;

	s->next = (s->next + 1) % s->cpus;
	return run_on(s->cpu[s->next]);
}

static int set_online(int cpu, const char *value)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	return exp__write_str(path, value);
}

static int enter_alone(struct scene *s)
{
	int err = 0;

	for (int i = 1; !err && i < s->cpus; i++)
		err = set_online(s->cpu[i], "0");
	return err;
}

static void leave_alone(struct scene *s)
{
	for (int i = 1; i < s->cpus; i++)
		set_online(s->cpu[i], "1");
	run_anywhere(s);
}

static _Noreturn void spin(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		sched_yield();
}

/* Somebody else on every CPU, who takes turns with the reader. */
static int enter_busy(struct scene *s)
{
	for (int i = 0; i < s->cpus; i++) {
		s->busy[i] = fork();
		if (s->busy[i] < 0)
			return -errno;
		if (!s->busy[i])
			spin();
	}
	return 0;
}

static void leave_busy(struct scene *s)
{
	for (int i = 0; i < s->cpus; i++) {
		if (s->busy[i] <= 0)
			continue;
		kill(s->busy[i], SIGKILL);
		waitpid(s->busy[i], NULL, 0);
		s->busy[i] = 0;
	}
}

static int yield(void *scene)
{
	(void)scene;
	sched_yield();
	return 0;
}

static const struct placement placements[] = {
	{ "anywhere", 1, NULL, NULL, NULL },
	{ "preempted", 1, enter_busy, yield, leave_busy },
	{ "first CPU", 2, enter_first, NULL, run_anywhere },
	{ "last CPU", 2, enter_last, NULL, run_anywhere },
	{ "migrating", 2, NULL, migrate, run_anywhere },
	{ "others offline", 2, enter_alone, NULL, leave_alone },
};

static int measure_placement(const struct context *ctx, const struct hook *hook, struct input *in,
			     const struct placement *p, struct scene *s)
{
	const struct before before = { p->before, s };
	struct record *r = exp__measurement(ctx->e, "placement");
	int err = p->enter ? p->enter(s) : 0;
	char cpus[8];

	snprintf(cpus, sizeof(cpus), "%d", s->cpus);
	record__label(r, "cpus", cpus);
	record__label(r, "placement", p->name);
	record__label(r, "hook", hook->name);
	if (!err)
		err = pass__measure(ctx, hook, in, exp__param_u64(ctx->e, "reads"),
				    exp__param_u64(ctx->e, "limit_s"), p->before ? &before : NULL,
				    r);
	if (p->leave)
		p->leave(s);
	if (err)
		exp__fail(ctx->e, err, "read with the reader %s", p->name);
	return exp__emit(ctx->e, r) ?: err;
}

static int measure_hook(const struct context *ctx, const struct hook *hook, struct input *in,
			struct scene *s)
{
	struct bpf_link *link = NULL;
	int err = pass__attach(ctx, hook, &link);

	for (size_t i = 0; !err && i < ARRAY_SIZE(placements); i++)
		if (placements[i].min_cpus <= s->cpus)
			err = measure_placement(ctx, hook, in, &placements[i], s);
	hook__detach(&link);
	return err;
}

int placement__measure(const struct context *ctx, struct input *in)
{
	struct scene s = { 0 };
	int err = sched_getaffinity(0, sizeof(s.all), &s.all) ? -errno : 0;

	for (int cpu = 0; cpu < CPU_SETSIZE && s.cpus < MAX_CPUS; cpu++)
		if (CPU_ISSET(cpu, &s.all))
			s.cpu[s.cpus++] = cpu;
	for (size_t i = 0; !err && i < NR_HOOKS; i++)
		err = measure_hook(ctx, &hooks[i], in, &s);
	return err;
}
