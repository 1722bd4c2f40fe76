// SPDX-License-Identifier: GPL-2.0-only
/* gnuplot draws the pictures, where it is installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/proc.h"
#include "base/str.h"
#include "store_fixture.h"
#include "study/plot_script.h"
#include "study_fixture.h"
#include "plot_scene.h"
#include "plot_script.h"

#define MAX_SVG (80 << 10)

static char *draw(struct fixture *f, const char *name, const char *script, size_t *len)
{
	struct strv formats = { 0 };
	char *path = str_fmt("%s/%s.svg", f->dir, name), *svg = NULL;

	strv__add(&formats, "svg");
	strv__add(&formats, "png");
	assert_int_equal(plot__draw(f->dir, name, script, &formats, -1), 0);
	assert_silent(f);
	assert_int_equal(file_read(path, 0, &svg, len), 0);
	strv__free(&formats);
	free(path);
	return svg;
}

static void test_gnuplot(void **state)
{
	struct fixture *f = *state;
	char *gnuplot = proc_which("gnuplot");
	struct study_scene sc;
	struct study_data *d;

	if (!gnuplot)
		skip();
	free(gnuplot);
	scene_all(&sc, f);
	d = read_scene(&sc);
	for (size_t i = 0; i < nr_plot_kinds; i++) {
		const char *name = plot_kinds[i].name;
		char *script = script_of(d, name), *again = script_of(d, name), *svg, *other;
		char *png = str_fmt("%s/%s.png", f->dir, name);
		size_t len;

		assert_string_equal(script, again);
		svg = draw(f, name, script, &len);
		other = draw(f, name, again, &len);
		assert_string_equal(svg, other);
		assert_has(svg, "</svg>");
		assert_has(svg, sc.run.name);
		if (len > MAX_SVG)
			fail_msg("%s.svg has %zu bytes", name, len);
		assert_true(file_size(png) > 1000);
		free(png);
		free(svg);
		free(other);
		free(script);
		free(again);
	}
	study_data__free(d);
	scene_free(&sc);
}

static void write_file(const char *dir, const char *name, const char *text, mode_t mode)
{
	char *path = str_fmt("%s/%s", dir, name);

	assert_int_equal(file_write(path, text, strlen(text)), 0);
	assert_int_equal(chmod(path, mode), 0);
	free(path);
}

/* A picture is the same whoever draws it, wherever. */
static void test_settings_of_the_user(void **state)
{
	static const char *const names[] = { "HOME", "GNUTERM", "LC_ALL" };
	struct fixture *f = *state;
	const char *const values[] = { f->dir, "x11", "C" };
	char *gnuplot = proc_which("gnuplot"), *script, *plain, *other, *old[3];
	struct study_scene sc;
	struct study_data *d;
	size_t len;

	if (!gnuplot)
		skip();
	free(gnuplot);
	scene_all(&sc, f);
	d = read_scene(&sc);
	script = script_of(d, "override-factors");
	plain = draw(f, "override-factors", script, &len);
	write_file(f->dir, ".gnuplot", "set xzeroaxis linewidth 9\nset arrow from 0,0 to 1,1\n",
		   0644);
	for (int i = 0; i < 3; i++) {
		old[i] = getenv(names[i]) ? strdup(getenv(names[i])) : NULL;
		setenv(names[i], values[i], 1);
	}
	other = draw(f, "override-factors", script, &len);
	for (int i = 0; i < 3; i++) {
		if (old[i])
			setenv(names[i], old[i], 1);
		else
			unsetenv(names[i]);
		free(old[i]);
	}
	assert_string_equal(plain, other);
	free(plain);
	free(other);
	free(script);
	study_data__free(d);
	scene_free(&sc);
}

/* Texts that mean something to gnuplot, its terminals, or a shell come out as they are. */
static void test_odd_texts(void **state)
{
	static const char odd[] = "a'b\"`touch hit`$(touch hit) \\n {/x} <i>&amp;| é %s";
	struct fixture *f = *state;
	char *gnuplot = proc_which("gnuplot"), *hit = str_fmt("%s/hit", f->dir), *script, *svg;
	struct strbuf sb = STRBUF_INIT;
	size_t len;

	if (!gnuplot)
		skip();
	free(gnuplot);
	strbuf__addf(&sb, "set encoding utf8\n"
			  "if (format eq 'png') { set terminal pngcairo noenhanced } else "
			  "{ set terminal svg noenhanced }\n"
			  "set output 'odd.'.format\nset ytics (");
	script__quote_tic(&sb, "it's `x` \"<i>\" é 50 %s", "below");
	strbuf__addf(&sb, " 0.5)\nset yrange [0:1]\nset title ");
	script__quote(&sb, odd);
	strbuf__addf(&sb, "\nplot 0.5 notitle\n");
	script = strbuf__detach(&sb);
	svg = draw(f, "odd", script, &len);
	assert_has(svg, "a'b\"`touch hit`$(touch hit) \\n {/x} &lt;i>&amp;amp;| é %s<");
	assert_has(svg, ">it's `x` \"&lt;i>\" é 50 %s</text>");
	assert_has(svg, "below<");
	assert_false(file_exists(hit));
	free(hit);
	free(script);
	free(svg);
}

static void test_gnuplot_fails(void **state)
{
	struct fixture *f = *state;
	char *gnuplot = proc_which("gnuplot");
	struct strv formats = { 0 };

	if (!gnuplot)
		skip();
	free(gnuplot);
	strv__add(&formats, "svg");
	assert_int_equal(plot__draw(f->dir, "bad", "plot $nothing using 1:2\n", &formats, -1),
			 -EIO);
	assert_said(f, "bad.svg: gnuplot could not draw it: it said:");
	strv__free(&formats);
}

/* Ctrl-C is not gnuplot's failure. */
static void test_interrupted(void **state)
{
	struct fixture *f = *state;
	char *path = strdup(getenv("PATH") ? getenv("PATH") : ""), *first;
	struct strv formats = { 0 };
	int cancel = cancel_open();

	first = str_fmt("%s:%s", f->dir, path);
	write_file(f->dir, "gnuplot", "#!/bin/sh\nsleep 60\n", 0755);
	strv__add(&formats, "svg");
	assert_true(cancel >= 0);
	setenv("PATH", first, 1);
	raise(SIGINT);
	assert_int_equal(plot__draw(f->dir, "none", "plot 1\n", &formats, cancel), -EINTR);
	setenv("PATH", path, 1);
	assert_said(f, "none.svg: interrupted");
	close(cancel);
	strv__free(&formats);
	free(first);
	free(path);
}

static void test_no_gnuplot(void **state)
{
	struct fixture *f = *state;
	char *path = strdup(getenv("PATH") ? getenv("PATH") : "");
	struct strv formats = { 0 };

	strv__add(&formats, "svg");
	setenv("PATH", f->dir, 1);
	assert_int_equal(plot__draw(f->dir, "none", "plot 1\n", &formats, -1), -ENOENT);
	setenv("PATH", path, 1);
	assert_said(f, "install package gnuplot-nox");
	strv__free(&formats);
	free(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_gnuplot),	  TEST(test_settings_of_the_user), TEST(test_odd_texts),
		TEST(test_gnuplot_fails), TEST(test_no_gnuplot),	   TEST(test_interrupted),
	};

	return cmocka_run_group_tests_name("plot_draw", tests, NULL, NULL);
}
