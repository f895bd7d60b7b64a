/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The GPIO character device as the played kernel has it: see gpio.h. Events of both uAPIs wait in
 * one kind of FIFO; poll() sees an eventfd that is not 0 while one waits.
 */
#define _GNU_SOURCE
#include "tests/seam/gpio.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { V2_DEPTH_PER_LINE = 16, V2_DEPTH_MAX = 16 * GPIO_V2_LINES_MAX, MAJOR = 254 };

struct event {
	uint64_t t_ns;
	uint32_t line, id, seqno, line_seqno;
};

/* Lines that a program has requested together, in either version. */
struct seam_gpio_request {
	struct seam_gpio *gpio;
	unsigned version, count;
	uint32_t line[GPIO_V2_LINES_MAX];
	char consumer[GPIO_MAX_NAME_SIZE];
	uint64_t flags; /* of version 2, whatever the version is */
	int fd;
	struct event *events;
	unsigned depth, first, waiting;
	uint32_t seqno, line_seqno[GPIO_V2_LINES_MAX];
	struct seam_gpio_request *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- lines, with the lock held ---- */

static struct seam_gpio_request *request_of(const struct seam_gpio *gpio, unsigned line)
{
	for (struct seam_gpio_request *at = gpio->requests; at; at = at->next)
		for (unsigned i = 0; i < at->count; i++)
			if (at->line[i] == line)
				return at;
	return NULL;
}

static bool is_output(const struct seam_gpio_request *request)
{
	return request->flags & GPIO_V2_LINE_FLAG_OUTPUT;
}

static bool is_active_low(const struct seam_gpio_request *request)
{
	return request->flags & GPIO_V2_LINE_FLAG_ACTIVE_LOW;
}

static bool line_get(const struct seam_gpio_request *request, unsigned index)
{
	const struct seam_gpio *gpio = request->gpio;
	uint32_t levels = is_output(request) ? gpio->outputs : gpio->levels;

	return (levels >> request->line[index] & 1) != is_active_low(request);
}

static void line_put(struct seam_gpio_request *request, unsigned index, bool value)
{
	struct seam_gpio *gpio = request->gpio;
	unsigned line = request->line[index];
	bool level = value != is_active_low(request);
	uint64_t let_go = level ? GPIO_V2_LINE_FLAG_OPEN_DRAIN : GPIO_V2_LINE_FLAG_OPEN_SOURCE;
	bool is_driven = !(request->flags & let_go);

	gpio->driven = (gpio->driven & ~(UINT32_C(1) << line)) | (uint32_t)is_driven << line;
	gpio->outputs = (gpio->outputs & ~(UINT32_C(1) << line)) | (uint32_t)level << line;
	if (gpio->on_output)
		gpio->on_output(gpio, line, is_driven ? level : -1);
}

/* ---- events ---- */

static void readable_set(struct seam_gpio_request *request, bool is_readable)
{
	uint64_t value = 1;
	ssize_t done = is_readable ? write(request->fd, &value, sizeof(value))
				   : seam_real_read(request->fd, &value, sizeof(value));

	if (done != sizeof(value))
		abort();
}

static void event_put(struct seam_gpio_request *request, const struct event *event)
{
	if (request->waiting == request->depth) {
		request->gpio->dropped++;
		if (request->version == 1)
			return;
		request->first = (request->first + 1) % request->depth;
		request->waiting--;
	} else if (!request->waiting) {
		readable_set(request, true);
	}
	request->events[(request->first + request->waiting++) % request->depth] = *event;
}

static void edge(struct seam_gpio_request *request, unsigned index, int64_t t_ns)
{
	bool is_rising = line_get(request, index);
	uint64_t wanted =
		is_rising ? GPIO_V2_LINE_FLAG_EDGE_RISING : GPIO_V2_LINE_FLAG_EDGE_FALLING;
	struct event event = {
		.t_ns = (uint64_t)t_ns,
		.line = request->line[index],
		.id = is_rising ? GPIO_V2_LINE_EVENT_RISING_EDGE : GPIO_V2_LINE_EVENT_FALLING_EDGE,
	};

	if (is_output(request) || !(request->flags & wanted))
		return;
	event.seqno = ++request->seqno;
	event.line_seqno = ++request->line_seqno[index];
	event_put(request, &event);
}

static size_t event_pack(const struct seam_gpio_request *request, const struct event *event,
			 uint8_t *bytes)
{
	const struct gpioevent_data v1 = {.timestamp = event->t_ns, .id = event->id};
	const struct gpio_v2_line_event v2 = {.timestamp_ns = event->t_ns,
					      .id = event->id,
					      .offset = event->line,
					      .seqno = event->seqno,
					      .line_seqno = event->line_seqno};
	size_t count = request->version == 1 ? sizeof(v1) : sizeof(v2);

	if (bytes)
		memcpy(bytes, request->version == 1 ? (const void *)&v1 : (const void *)&v2, count);
	return count;
}

static ssize_t events_take(struct seam_gpio_request *request, uint8_t *bytes, size_t capacity)
{
	const struct event none = {0};
	size_t each = event_pack(request, &none, NULL), used = 0;

	if (capacity < each)
		return -EINVAL;
	while (request->waiting && used + each <= capacity) {
		used += event_pack(request, &request->events[request->first], bytes + used);
		request->first = (request->first + 1) % request->depth;
		if (!--request->waiting)
			readable_set(request, false);
	}
	return (ssize_t)used;
}

static ssize_t request_read(struct seam_file *file, void *bytes, size_t count)
{
	struct seam_gpio_request *request = file->state;
	bool is_blocking = !(fcntl(file->fd, F_GETFL) & O_NONBLOCK);
	struct pollfd wait = {.fd = file->fd, .events = POLLIN};
	ssize_t ret;

	if (!request->depth)
		return -EINVAL;
	do {
		pthread_mutex_lock(&lock);
		ret = events_take(request, bytes, count);
		pthread_mutex_unlock(&lock);
	} while (!ret && is_blocking && poll(&wait, 1, -1) > 0);
	return ret ? ret : -EAGAIN;
}

/* ---- a request's ioctls, with the lock held ---- */

static int values_v1(struct seam_gpio_request *request, struct gpiohandle_data *data, bool set)
{
	if (set && !is_output(request))
		return -EPERM;
	for (unsigned i = 0; i < request->count; i++)
		if (set)
			line_put(request, i, data->values[i]);
		else
			data->values[i] = line_get(request, i);
	return 0;
}

static int values_v2(struct seam_gpio_request *request, struct gpio_v2_line_values *values,
		     bool set)
{
	if (set && !is_output(request))
		return -EPERM;
	if (!set)
		values->bits = 0;
	for (unsigned i = 0; i < request->count; i++) {
		if (!(values->mask >> i & 1))
			continue;
		if (set)
			line_put(request, i, values->bits >> i & 1);
		else
			values->bits |= (uint64_t)line_get(request, i) << i;
	}
	return 0;
}

static int request_call(struct seam_gpio_request *request, unsigned long number, void *argument)
{
	if (request->gpio->is_gone)
		return -ENODEV;
	switch (number) {
	case GPIOHANDLE_GET_LINE_VALUES_IOCTL:
		return request->version == 1 ? values_v1(request, argument, false) : -EINVAL;
	case GPIOHANDLE_SET_LINE_VALUES_IOCTL:
		return request->version == 1 ? values_v1(request, argument, true) : -EINVAL;
	case GPIO_V2_LINE_GET_VALUES_IOCTL:
		return request->version == 2 ? values_v2(request, argument, false) : -EINVAL;
	case GPIO_V2_LINE_SET_VALUES_IOCTL:
		return request->version == 2 ? values_v2(request, argument, true) : -EINVAL;
	default:
		return -EINVAL;
	}
}

static int request_ioctl(struct seam_file *file, unsigned long number, void *argument)
{
	int ret;

	pthread_mutex_lock(&lock);
	ret = request_call(file->state, number, argument);
	pthread_mutex_unlock(&lock);
	return ret;
}

static void request_close(struct seam_file *file)
{
	struct seam_gpio_request *request = file->state, **at;
	struct seam_gpio *gpio = request->gpio;

	pthread_mutex_lock(&lock);
	for (at = &gpio->requests; *at != request; at = &(*at)->next)
		;
	*at = request->next;
	for (unsigned i = 0; i < request->count; i++) {
		uint32_t bit = UINT32_C(1) << request->line[i];

		if (gpio->driven & bit && gpio->on_output)
			gpio->on_output(gpio, request->line[i], -1);
		gpio->driven &= ~bit;
	}
	pthread_mutex_unlock(&lock);
	free(request->events);
	free(request);
}

static const struct seam_node_ops request_ops = {
	.ioctl = request_ioctl,
	.read = request_read,
	.close = request_close,
};

/* ---- requesting ---- */

/* Whether the lines can be had. */
static int lines_check(const struct seam_gpio *gpio, const uint32_t *lines, unsigned count)
{
	if (!count || count > GPIO_V2_LINES_MAX)
		return -EINVAL;
	for (unsigned i = 0; i < count; i++) {
		if (lines[i] >= gpio->lines)
			return -EINVAL;
		if (gpio->held >> lines[i] & 1 || request_of(gpio, lines[i]))
			return -EBUSY;
	}
	return 0;
}

/* Takes the request over; returns the descriptor that the program gets. */
static int request_add(struct seam_gpio_request *request)
{
	struct seam_gpio *gpio = request->gpio;

	request->fd = eventfd(0, EFD_CLOEXEC);
	if (request->fd < 0)
		abort();
	if (request->depth) {
		request->events = calloc(request->depth, sizeof(*request->events));
		if (!request->events)
			abort();
	}
	request->next = gpio->requests;
	gpio->requests = request;
	return seam_file_open(&request_ops, gpio, request, request->fd);
}

static struct seam_gpio_request *request_new(struct seam_gpio *gpio, unsigned version,
					     const uint32_t *lines, unsigned count,
					     const char *consumer)
{
	struct seam_gpio_request *request = calloc(1, sizeof(*request));

	if (!request)
		abort();
	request->gpio = gpio;
	request->version = version;
	request->count = count;
	memcpy(request->line, lines, count * sizeof(*lines));
	snprintf(request->consumer, sizeof(request->consumer), "%s", consumer);
	return request;
}

static uint64_t flags_of_v1(uint32_t v1)
{
	static const struct {
		uint32_t v1;
		uint64_t v2;
	} flags[] = {
		{GPIOHANDLE_REQUEST_INPUT, GPIO_V2_LINE_FLAG_INPUT},
		{GPIOHANDLE_REQUEST_OUTPUT, GPIO_V2_LINE_FLAG_OUTPUT},
		{GPIOHANDLE_REQUEST_ACTIVE_LOW, GPIO_V2_LINE_FLAG_ACTIVE_LOW},
		{GPIOHANDLE_REQUEST_OPEN_DRAIN, GPIO_V2_LINE_FLAG_OPEN_DRAIN},
		{GPIOHANDLE_REQUEST_OPEN_SOURCE, GPIO_V2_LINE_FLAG_OPEN_SOURCE},
		{GPIOHANDLE_REQUEST_BIAS_PULL_UP, GPIO_V2_LINE_FLAG_BIAS_PULL_UP},
		{GPIOHANDLE_REQUEST_BIAS_PULL_DOWN, GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN},
		{GPIOHANDLE_REQUEST_BIAS_DISABLE, GPIO_V2_LINE_FLAG_BIAS_DISABLED},
	};
	uint64_t v2 = 0;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (v1 & flags[i].v1)
			v2 |= flags[i].v2;
	return v2;
}

static int handle_v1(struct seam_gpio *gpio, struct gpiohandle_request *asked)
{
	struct seam_gpio_request *request;
	int ret = lines_check(gpio, asked->lineoffsets, asked->lines);

	if (ret)
		return ret;
	request = request_new(gpio, 1, asked->lineoffsets, asked->lines, asked->consumer_label);
	request->flags = flags_of_v1(asked->flags);
	for (unsigned i = 0; i < request->count && is_output(request); i++)
		line_put(request, i, asked->default_values[i]);
	asked->fd = request_add(request);
	return 0;
}

static int events_v1(struct seam_gpio *gpio, struct gpioevent_request *asked)
{
	struct seam_gpio_request *request;
	int ret = lines_check(gpio, &asked->lineoffset, 1);

	if (ret)
		return ret;
	request = request_new(gpio, 1, &asked->lineoffset, 1, asked->consumer_label);
	request->flags = flags_of_v1(asked->handleflags) | GPIO_V2_LINE_FLAG_INPUT;
	if (asked->eventflags & GPIOEVENT_REQUEST_RISING_EDGE)
		request->flags |= GPIO_V2_LINE_FLAG_EDGE_RISING;
	if (asked->eventflags & GPIOEVENT_REQUEST_FALLING_EDGE)
		request->flags |= GPIO_V2_LINE_FLAG_EDGE_FALLING;
	request->depth = SEAM_GPIO_V1_DEPTH;
	asked->fd = request_add(request);
	return 0;
}

static uint64_t first_values(const struct gpio_v2_line_config *config)
{
	for (uint32_t i = 0; i < config->num_attrs && i < GPIO_V2_LINE_NUM_ATTRS_MAX; i++)
		if (config->attrs[i].attr.id == GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES)
			return config->attrs[i].attr.values & config->attrs[i].mask;
	return 0;
}

/* One set of flags for all lines of a request; per-line ones are refused, not ignored. */
static int request_v2(struct seam_gpio *gpio, struct gpio_v2_line_request *asked)
{
	const uint64_t edges = GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO_V2_LINE_FLAG_EDGE_FALLING;
	struct seam_gpio_request *request;
	int ret = gpio->has_no_v2 ? -EINVAL : lines_check(gpio, asked->offsets, asked->num_lines);

	for (uint32_t i = 0; !ret && i < asked->config.num_attrs; i++)
		if (asked->config.attrs[i].attr.id == GPIO_V2_LINE_ATTR_ID_FLAGS)
			ret = -EINVAL;
	if (ret)
		return ret;
	request = request_new(gpio, 2, asked->offsets, asked->num_lines, asked->consumer);
	request->flags = asked->config.flags;
	if (request->flags & edges)
		request->depth = asked->event_buffer_size ? asked->event_buffer_size
							  : asked->num_lines * V2_DEPTH_PER_LINE;
	if (request->depth > V2_DEPTH_MAX)
		request->depth = V2_DEPTH_MAX;
	for (unsigned i = 0; i < request->count && is_output(request); i++)
		line_put(request, i, first_values(&asked->config) >> i & 1);
	asked->fd = request_add(request);
	return 0;
}

/* ---- the chip ---- */

static void name_put(char text[GPIO_MAX_NAME_SIZE], const char *name)
{
	snprintf(text, GPIO_MAX_NAME_SIZE, "%s", name ? name : "");
}

static int chip_info(const struct seam_gpio *gpio, struct gpiochip_info *info)
{
	memset(info, 0, sizeof(*info));
	snprintf(info->name, sizeof(info->name), "gpiochip%u", gpio->number);
	name_put(info->label, gpio->label);
	info->lines = gpio->lines;
	return 0;
}

static int line_info_v1(const struct seam_gpio *gpio, struct gpioline_info *info)
{
	uint32_t line = info->line_offset;
	const struct seam_gpio_request *request = request_of(gpio, line);

	if (line >= gpio->lines)
		return -EINVAL;
	memset(info, 0, sizeof(*info));
	info->line_offset = line;
	name_put(info->name, gpio->names[line]);
	if (request || gpio->held >> line & 1)
		info->flags |= GPIOLINE_FLAG_KERNEL;
	if (request)
		name_put(info->consumer, request->consumer);
	if (request && is_output(request))
		info->flags |= GPIOLINE_FLAG_IS_OUT;
	if (request && is_active_low(request))
		info->flags |= GPIOLINE_FLAG_ACTIVE_LOW;
	return 0;
}

static int line_info_v2(const struct seam_gpio *gpio, struct gpio_v2_line_info *info)
{
	uint32_t line = info->offset;
	const struct seam_gpio_request *request = request_of(gpio, line);

	if (gpio->has_no_v2 || line >= gpio->lines)
		return -EINVAL;
	memset(info, 0, sizeof(*info));
	info->offset = line;
	name_put(info->name, gpio->names[line]);
	info->flags = request ? request->flags | GPIO_V2_LINE_FLAG_USED : GPIO_V2_LINE_FLAG_INPUT;
	if (gpio->held >> line & 1)
		info->flags |= GPIO_V2_LINE_FLAG_USED;
	if (request)
		name_put(info->consumer, request->consumer);
	return 0;
}

static int chip_call(struct seam_gpio *gpio, unsigned long number, void *argument)
{
	switch (number) {
	case GPIO_GET_CHIPINFO_IOCTL:
		return chip_info(gpio, argument);
	case GPIO_GET_LINEINFO_IOCTL:
		return line_info_v1(gpio, argument);
	case GPIO_V2_GET_LINEINFO_IOCTL:
		return line_info_v2(gpio, argument);
	case GPIO_GET_LINEHANDLE_IOCTL:
		return handle_v1(gpio, argument);
	case GPIO_GET_LINEEVENT_IOCTL:
		return events_v1(gpio, argument);
	case GPIO_V2_GET_LINE_IOCTL:
		return request_v2(gpio, argument);
	default:
		return -EINVAL;
	}
}

static int chip_open(struct seam_file *file, int flags)
{
	(void)file;
	(void)flags;
	return eventfd(0, EFD_CLOEXEC);
}

static int chip_ioctl(struct seam_file *file, unsigned long number, void *argument)
{
	int ret;

	pthread_mutex_lock(&lock);
	ret = chip_call(file->device, number, argument);
	pthread_mutex_unlock(&lock);
	return ret;
}

static const struct seam_node_ops chip_ops = {.open = chip_open, .ioctl = chip_ioctl};

static void sysfs_path(const struct seam_gpio *gpio, char path[128])
{
	snprintf(path, 128, "/sys/bus/gpio/devices/gpiochip%u/dev", gpio->number);
}

void seam_gpio_plug(struct seam_gpio *gpio)
{
	char path[128];

	gpio->node = (struct seam_node){.major = MAJOR,
					.minor = gpio->number,
					.open_error = gpio->open_error,
					.ops = &chip_ops,
					.device = gpio};
	snprintf(gpio->node.path, sizeof(gpio->node.path), "/dev/gpiochip%u", gpio->number);
	sysfs_path(gpio, path);
	seam_text_set(path, "%d:%u\n", MAJOR, gpio->number);
	seam_node_add(&gpio->node);
}

void seam_gpio_unplug(struct seam_gpio *gpio)
{
	char path[128];

	sysfs_path(gpio, path);
	seam_file_remove(path);
	seam_node_remove(&gpio->node);
}

/* ---- the outside ---- */

void seam_gpio_drive(struct seam_gpio *gpio, unsigned line, bool level, int64_t t_mono_ns)
{
	struct seam_gpio_request *request;

	pthread_mutex_lock(&lock);
	if ((gpio->levels >> line & 1) != level) {
		gpio->levels ^= UINT32_C(1) << line;
		request = request_of(gpio, line);
		for (unsigned i = 0; request && i < request->count; i++)
			if (request->line[i] == line)
				edge(request, i, t_mono_ns);
	}
	pthread_mutex_unlock(&lock);
}

int seam_gpio_output(struct seam_gpio *gpio, unsigned line)
{
	int level;

	pthread_mutex_lock(&lock);
	level = gpio->driven >> line & 1 ? (int)(gpio->outputs >> line & 1) : -1;
	pthread_mutex_unlock(&lock);
	return level;
}

unsigned long seam_gpio_dropped(struct seam_gpio *gpio)
{
	unsigned long dropped;

	pthread_mutex_lock(&lock);
	dropped = gpio->dropped;
	pthread_mutex_unlock(&lock);
	return dropped;
}

bool seam_gpio_is_requested(struct seam_gpio *gpio, unsigned line)
{
	bool is;

	pthread_mutex_lock(&lock);
	is = request_of(gpio, line);
	pthread_mutex_unlock(&lock);
	return is;
}
