/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A session's temperature against a chamber made of a socket: it settles once for all boards, never
 * settles, goes away, comes back, is left alone, leaves its band between two readings.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/session/ambient.h"
#include "drivers/link/link.h"
#include "tests/scratch.h"

struct oven {
	int listener;
	pthread_t thread;
	atomic_bool over, hang_up;
	atomic_bool follows; /* the air is at the set point at once */
	atomic_int air_mk, set_mk;
	atomic_uint sets;
	const char *identity;
	char uri[64];
};

static void answer(struct oven *oven, int client, const char *line)
{
	char reply[128] = "";
	double set_c;

	if (sscanf(line, "SOUR:TEMP:SPO %lf", &set_c) == 1) {
		atomic_fetch_add(&oven->sets, 1);
		atomic_store(&oven->set_mk, (int)lround(set_c * 1000));
		if (atomic_load(&oven->follows))
			atomic_store(&oven->air_mk, (int)lround(set_c * 1000));
	} else if (!strcmp(line, "SOUR:TEMP:SPO?")) {
		snprintf(reply, sizeof(reply), "%.2f\n", atomic_load(&oven->set_mk) / 1e3);
	} else if (!strcmp(line, "MEAS:TEMP?")) {
		snprintf(reply, sizeof(reply), "%.3f\n", atomic_load(&oven->air_mk) / 1e3);
	} else if (!strcmp(line, "*IDN?")) {
		snprintf(reply, sizeof(reply), "%s\n", oven->identity);
	}
	if (*reply && send(client, reply, strlen(reply), MSG_NOSIGNAL) < 0)
		atomic_store(&oven->hang_up, true);
}

static void attend(struct oven *oven, int client)
{
	char line[128];
	size_t used = 0;

	while (!atomic_load(&oven->over) && !atomic_load(&oven->hang_up)) {
		struct pollfd fd = {.fd = client, .events = POLLIN};

		if (poll(&fd, 1, 5) < 1)
			continue;
		if (read(client, &line[used], 1) != 1)
			break;
		if (line[used] != '\n') {
			used += used + 1 < sizeof(line);
			continue;
		}
		line[used] = '\0';
		used = 0;
		answer(oven, client, line);
	}
	atomic_store(&oven->hang_up, false);
	close(client);
}

static void *serve(void *argument)
{
	struct oven *oven = argument;

	while (!atomic_load(&oven->over)) {
		struct pollfd fd = {.fd = oven->listener, .events = POLLIN};

		if (poll(&fd, 1, 5) > 0)
			attend(oven, accept(oven->listener, NULL, NULL));
	}
	return NULL;
}

static void oven_begin(struct oven *oven)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	memset(oven, 0, sizeof(*oven));
	oven->identity = "joulebench,virtual-rig,oven,VIRTUAL";
	atomic_store(&oven->follows, true);
	atomic_store(&oven->air_mk, 20000);
	oven->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(oven->listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(oven->listener, 4), 0);
	assert_int_equal(getsockname(oven->listener, (struct sockaddr *)&address, &size), 0);
	snprintf(oven->uri, sizeof(oven->uri), "scpi:tcp://127.0.0.1:%u", ntohs(address.sin_port));
	assert_int_equal(pthread_create(&oven->thread, NULL, serve, oven), 0);
}

static void oven_end(struct oven *oven)
{
	atomic_store(&oven->over, true);
	assert_int_equal(pthread_join(oven->thread, NULL), 0);
	close(oven->listener);
}

struct lab {
	struct oven oven;
	struct rig rig;
	volatile sig_atomic_t stop;
	struct ambient *ambient;
	struct err err;
};

static void lab_open(struct lab *lab)
{
	const struct ambient_options options = {.rig = &lab->rig, .stop = &lab->stop};

	if (ambient_new(&options, &lab->ambient, &lab->err))
		fail_msg("%s", lab->err.text);
}

/* On the heap: a test that fails leaves its threads behind. */
static struct lab *lab_begin(void)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	assert_non_null(lab);
	oven_begin(&lab->oven);
	lab->rig = (struct rig){.name = "r",
				.is_virtual = true,
				.ambient_c = NAN,
				.room_c = NAN,
				.chamber = {.uri = lab->oven.uri,
					    .within_k = 0.5,
					    .timeout_s = 30,
					    .min_c = 0,
					    .max_c = 90,
					    .rest_c = NAN}};
	lab_open(lab);
	return lab;
}

static void lab_end(struct lab *lab)
{
	ambient_free(lab->ambient);
	oven_end(&lab->oven);
	free(lab);
}

static void settle(struct lab *lab, double temp_c)
{
	ambient_want(lab->ambient, temp_c);
	assert_false(ambient_is_settled(lab->ambient));
	if (ambient_settle(lab->ambient, &lab->err))
		fail_msg("%s", lab->err.text);
	assert_true(ambient_is_settled(lab->ambient));
}

static void is_set_once_for_all(void **state)
{
	struct ambient_window window;
	struct lab *lab = lab_begin();

	(void)state;
	settle(lab, 43);
	assert_int_equal(ambient_settle(lab->ambient, &lab->err), 0); /* another board */
	assert_int_equal(atomic_load(&lab->oven.sets), 1);
	assert_int_equal(atomic_load(&lab->oven.set_mk), 43000);
	assert_int_equal(ambient_window_begin(lab->ambient, &window, &lab->err), 0);
	assert_true(fabs(window.before_c - 43) < 1e-9 && isnan(window.after_c));
	atomic_store(&lab->oven.air_mk, 43400); /* within the band */
	assert_int_equal(ambient_window_end(lab->ambient, &window, &lab->err), 0);
	assert_true(fabs(window.after_c - 43.4) < 1e-9);
	assert_false(window.left);
	settle(lab, 21);
	assert_int_equal(atomic_load(&lab->oven.sets), 2);
	ambient_free(lab->ambient);
	lab->ambient = NULL;
	assert_int_equal(atomic_load(&lab->oven.set_mk), 21000); /* it stays as it is */
	lab_end(lab);
}

/* The second board does not wait again; the next temperature is tried anew. */
static void never_settles(void **state)
{
	struct lab *lab = lab_begin();
	struct err again = {""};
	int64_t begin_ns;

	(void)state;
	lab->rig.chamber.timeout_s = 0.5;
	atomic_store(&lab->oven.follows, false);
	ambient_want(lab->ambient, 43);
	assert_int_equal(ambient_settle(lab->ambient, &lab->err), -ETIMEDOUT);
	assert_non_null(strstr(lab->err.text, "chamber: "));
	assert_non_null(strstr(lab->err.text, "not within 0.5 K of 43 degC"));
	begin_ns = link_now_ns();
	assert_int_equal(ambient_settle(lab->ambient, &again), -ETIMEDOUT);
	assert_true(link_now_ns() - begin_ns < 400000000);
	assert_string_equal(again.text, lab->err.text);
	assert_int_equal(atomic_load(&lab->oven.sets), 1);
	assert_false(ambient_is_settled(lab->ambient));
	atomic_store(&lab->oven.follows, true);
	settle(lab, 21);
	lab_end(lab);
}

/* A set point outside the chamber's limits fails that temperature only. */
static void cannot_be_set(void **state)
{
	struct lab *lab = lab_begin();

	(void)state;
	ambient_want(lab->ambient, 95);
	assert_int_equal(ambient_settle(lab->ambient, &lab->err), -ERANGE);
	assert_int_equal(atomic_load(&lab->oven.sets), 0);
	settle(lab, 60);
	lab_end(lab);
}

static void hang_up(struct lab *lab)
{
	atomic_store(&lab->oven.hang_up, true);
	for (int i = 0; i < 5000 && atomic_load(&lab->oven.hang_up); i++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* One that comes back is no loss. */
static void a_link_that_breaks_is_opened_again(void **state)
{
	struct ambient_window window;
	struct lab *lab = lab_begin();

	(void)state;
	settle(lab, 43);
	hang_up(lab);
	if (ambient_window_begin(lab->ambient, &window, &lab->err))
		fail_msg("%s", lab->err.text);
	hang_up(lab);
	if (ambient_window_end(lab->ambient, &window, &lab->err))
		fail_msg("%s", lab->err.text);
	assert_false(window.left);
	assert_int_equal(atomic_load(&lab->oven.sets), 1);
	lab_end(lab);
}

static void a_lost_link_fails_the_temperature(void **state)
{
	struct ambient_window window;
	struct err again = {""};
	struct lab *lab = lab_begin();
	int ret;

	(void)state;
	lab->rig.chamber.rest_c = 25;
	settle(lab, 43);
	assert_int_equal(ambient_window_begin(lab->ambient, &window, &lab->err), 0);
	oven_end(&lab->oven);
	ret = ambient_window_end(lab->ambient, &window, &lab->err);
	assert_true(ret < 0);
	assert_non_null(strstr(lab->err.text, "chamber: "));
	assert_int_equal(ambient_settle(lab->ambient, &again), ret);
	assert_string_equal(again.text, lab->err.text);
	ambient_want(lab->ambient, 21);
	assert_true(ambient_settle(lab->ambient, &again) < 0);
	ambient_free(lab->ambient); /* its rest cannot be set: told, not more */
	free(lab);
}

static void leaving_the_band_shows(void **state)
{
	struct ambient_window window;
	struct lab *lab = lab_begin();

	(void)state;
	settle(lab, 43);
	assert_int_equal(ambient_window_begin(lab->ambient, &window, &lab->err), 0);
	atomic_store(&lab->oven.air_mk, 43600);
	assert_int_equal(ambient_window_end(lab->ambient, &window, &lab->err), 0);
	assert_true(window.left && fabs(window.left_c - 43.6) < 1e-9);
	/* before the next one it is waited for again */
	assert_false(ambient_is_settled(lab->ambient));
	assert_int_equal(ambient_settle(lab->ambient, &lab->err), 0);
	assert_int_equal(ambient_window_begin(lab->ambient, &window, &lab->err), 0);
	assert_int_equal(ambient_window_end(lab->ambient, &window, &lab->err), 0);
	assert_false(window.left);
	lab_end(lab);
}

/* Neither reading of the window sees it. */
static void leaving_between_two_readings_shows(void **state)
{
	struct ambient_window window;
	struct lab *lab = lab_begin();

	(void)state;
	settle(lab, 43);
	assert_int_equal(ambient_window_begin(lab->ambient, &window, &lab->err), 0);
	atomic_store(&lab->oven.air_mk, 39000);
	for (int i = 0; i < 500 && ambient_is_settled(lab->ambient); i++)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	atomic_store(&lab->oven.air_mk, 43000);
	assert_int_equal(ambient_window_end(lab->ambient, &window, &lab->err), 0);
	assert_true(fabs(window.before_c - 43) < 1e-9 && fabs(window.after_c - 43) < 1e-9);
	assert_true(window.left && fabs(window.left_c - 39) < 1e-9);
	lab_end(lab);
}

static volatile sig_atomic_t *to_stop;

static void on_signal(int number)
{
	(void)number;
	*to_stop = 1;
}

static void *interrupt(void *argument)
{
	nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
	pthread_kill(*(pthread_t *)argument, SIGUSR1);
	return NULL;
}

/* A stop is no failure: whoever comes next waits anew. */
static void a_wait_can_be_stopped(void **state)
{
	pthread_t thread, self = pthread_self();
	struct lab *lab = lab_begin();

	(void)state;
	to_stop = &lab->stop;
	signal(SIGUSR1, on_signal);
	atomic_store(&lab->oven.follows, false);
	ambient_want(lab->ambient, 43);
	assert_int_equal(pthread_create(&thread, NULL, interrupt, &self), 0);
	assert_int_equal(ambient_settle(lab->ambient, &lab->err), -ECANCELED);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(ambient_settle(lab->ambient, &lab->err), -ECANCELED);
	lab->stop = 0;
	atomic_store(&lab->oven.air_mk, 43000);
	assert_int_equal(ambient_settle(lab->ambient, &lab->err), 0);
	lab_end(lab);
}

static void rests_at_the_end(void **state)
{
	struct lab *lab = lab_begin();

	(void)state;
	lab->rig.chamber.rest_c = 25;
	settle(lab, 43);
	ambient_free(lab->ambient);
	assert_int_equal(atomic_load(&lab->oven.set_mk), 25000);
	/* one that was never set is left alone */
	lab_open(lab);
	settle(lab, NAN);
	ambient_free(lab->ambient);
	lab->ambient = NULL;
	assert_int_equal(atomic_load(&lab->oven.sets), 2);
	lab_end(lab);
}

static void origins_must_agree(void **state)
{
	struct lab *lab = lab_begin();

	(void)state;
	lab->rig.is_virtual = false;
	ambient_want(lab->ambient, 43);
	assert_int_equal(ambient_settle(lab->ambient, &lab->err), -EINVAL);
	assert_non_null(strstr(lab->err.text, "says it is virtual"));
	lab->rig.is_virtual = true;
	lab->oven.identity = "ACME,Oven,1,1.0";
	ambient_want(lab->ambient, 43);
	assert_int_equal(ambient_settle(lab->ambient, &lab->err), -EINVAL);
	assert_non_null(strstr(lab->err.text, "it is real"));
	assert_int_equal(atomic_load(&lab->oven.sets), 0);
	lab_end(lab);
}

static const char *sysfs_with(const char *text)
{
	static char root[600];
	char path[700];
	FILE *stream;

	snprintf(root, sizeof(root), "%s/hwmon", scratch_folder());
	mkdir(root, 0777);
	snprintf(path, sizeof(path), "%s/hwmon0", root);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/hwmon0/name", root);
	stream = fopen(path, "w");
	assert_non_null(stream);
	fputs("lm75\n", stream);
	fclose(stream);
	snprintf(path, sizeof(path), "%s/hwmon0/temp1_input", root);
	stream = fopen(path, "w");
	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
	return root;
}

/* It only tells: a plan's temperature is there, or it is not. */
static void a_sensor_alone(void **state)
{
	const struct rig rig = {.name = "r",
				.ambient_c = NAN,
				.room_c = NAN,
				.sensor = {.uri = "hwmon:lm75/temp1", .within_k = 1}};
	const struct ambient_options options = {.rig = &rig, .sysfs_hwmon = sysfs_with("21400\n")};
	struct ambient_window window;
	struct ambient *ambient;
	struct err err = {""};

	(void)state;
	assert_int_equal(ambient_new(&options, &ambient, &err), 0);
	assert_int_equal(ambient_settle(ambient, &err), 0); /* whatever it is */
	assert_int_equal(ambient_window_begin(ambient, &window, &err), 0);
	assert_int_equal(ambient_window_end(ambient, &window, &err), 0);
	assert_true(fabs(window.before_c - 21.4) < 1e-9 && !window.left);
	ambient_want(ambient, 21);
	assert_int_equal(ambient_settle(ambient, &err), 0);
	ambient_want(ambient, 25);
	assert_int_equal(ambient_settle(ambient, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "sensor: "));
	ambient_free(ambient);
}

static void typed_alone(void **state)
{
	const struct rig rig = {.name = "r", .ambient_c = 21, .room_c = NAN};
	static const volatile sig_atomic_t stop = 1;
	const struct ambient_options options = {.rig = &rig, .stop = &stop};
	struct ambient_window window;
	struct ambient *ambient;
	struct err err = {""};

	(void)state;
	assert_int_equal(ambient_new(&options, &ambient, &err), 0);
	ambient_want(ambient, 21);
	assert_int_equal(ambient_settle(ambient, &err),
			 0); /* nothing to wait for, and so to stop */
	assert_int_equal(ambient_window_begin(ambient, &window, &err), 0);
	assert_int_equal(ambient_window_end(ambient, &window, &err), 0);
	assert_true(isnan(window.before_c) && isnan(window.after_c) && !window.left);
	ambient_free(ambient);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_set_once_for_all),
		cmocka_unit_test(never_settles),
		cmocka_unit_test(cannot_be_set),
		cmocka_unit_test(a_link_that_breaks_is_opened_again),
		cmocka_unit_test(a_lost_link_fails_the_temperature),
		cmocka_unit_test(leaving_the_band_shows),
		cmocka_unit_test(leaving_between_two_readings_shows),
		cmocka_unit_test(a_wait_can_be_stopped),
		cmocka_unit_test(rests_at_the_end),
		cmocka_unit_test(origins_must_agree),
		cmocka_unit_test(a_sensor_alone),
		cmocka_unit_test(typed_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
