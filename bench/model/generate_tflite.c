/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A generated network as a .tflite file: TensorFlow Lite's schema.fbs, version 3. Operator versions
 * are those its converter writes for int8. Layout: the model's table, its operator codes, the
 * buffers (weights aligned to 16), the one subgraph with tensors and operators.
 */
#include "bench/model/generate_network.h"

#include <stdio.h>
#include <string.h>

#include "bench/model/generate_flatbuffer.h"
#include "bench/model/generate_kinds.h"

enum {
	SCHEMA_VERSION = 3,
	TENSORS_MAX = 1 + 3 * GENERATE_LAYERS_MAX,
	BUFFER_ALIGN = 16,
	EMPTY_BUFFER = 0, /* buffer 0 is what tensors without data have */
};

enum tensor_type { TENSOR_INT32 = 2, TENSOR_INT8 = 9 };

/* Slots of the schema's tables. */
enum { MODEL_VERSION, MODEL_CODES, MODEL_SUBGRAPHS, MODEL_DESCRIPTION, MODEL_BUFFERS };
enum { CODE_DEPRECATED = 0, CODE_VERSION = 2, CODE_BUILTIN = 3 };
enum { SUBGRAPH_TENSORS, SUBGRAPH_INPUTS, SUBGRAPH_OUTPUTS, SUBGRAPH_OPERATORS, SUBGRAPH_NAME };
enum { TENSOR_SHAPE, TENSOR_TYPE, TENSOR_BUFFER, TENSOR_NAME, TENSOR_QUANTIZATION };
enum { QUANTIZATION_SCALE = 2, QUANTIZATION_ZERO_POINT = 3, QUANTIZATION_DIMENSION = 6 };
enum { OPERATOR_CODE, OPERATOR_INPUTS, OPERATOR_OUTPUTS, OPERATOR_OPTIONS_TYPE, OPERATOR_OPTIONS };
enum { BUFFER_DATA };

struct file_tensor {
	char name[32];
	enum tensor_type type;
	int32_t shape[4];
	uint32_t rank;
	const float *scales; /* scale_count, 0: not quantised */
	uint32_t scale_count, scale_dimension;
	int32_t zero_point;
	const int8_t *i8; /* constants: one of these, count elements */
	const int32_t *i32;
	uint32_t count;
};

struct file_operator {
	const struct generate_layer *layer;
	int32_t inputs[3];
	uint32_t input_count;
	int32_t output;
};

struct file {
	struct generate_flatbuffer writer;
	struct file_tensor tensors[TENSORS_MAX];
	struct file_operator operators[GENERATE_LAYERS_MAX];
	uint32_t tensor_count, operator_count;
	int32_t reshape[2][2]; /* the shape operands of RESHAPE */
	uint32_t reshape_count;
	int32_t exit_output; /* tensor; 0: none */
};

static struct file_tensor *tensor_add(struct file *file, enum tensor_type type, const char *name)
{
	struct file_tensor *tensor = &file->tensors[file->tensor_count++];

	*tensor = (struct file_tensor){.type = type};
	snprintf(tensor->name, sizeof(tensor->name), "%s", name);
	return tensor;
}

static struct file_tensor *layer_tensor_add(struct file *file, enum tensor_type type,
					    const char *role)
{
	char name[32];

	snprintf(name, sizeof(name), "layer_%u/%s", (unsigned)file->operator_count, role);
	return tensor_add(file, type, name);
}

/* Rank 2 behind the pooling, where height and width are no longer meant. */
static void activation_fill(struct file_tensor *tensor, const struct generate_tensor *from,
			    bool flat)
{
	tensor->scales = &from->scale;
	tensor->scale_count = 1;
	tensor->zero_point = from->zero_point;
	tensor->shape[0] = 1;
	if (flat) {
		tensor->rank = 2;
		tensor->shape[1] = (int32_t)from->shape.channels;
		return;
	}
	tensor->rank = 4;
	tensor->shape[1] = (int32_t)from->shape.height;
	tensor->shape[2] = (int32_t)from->shape.width;
	tensor->shape[3] = (int32_t)from->shape.channels;
}

/* CONV: [out][h][w][in]; DEPTHWISE: [1][h][w][out]; DENSE, HIDDEN: [out][in], one scale. */
static void weights_fill(struct file_tensor *tensor, const struct generate_layer *layer,
			 uint32_t in_channels)
{
	int32_t channels = (int32_t)layer->output.shape.channels, depth = (int32_t)in_channels;
	int32_t kernel_h = (int32_t)layer->kernel_h, kernel_w = (int32_t)layer->kernel_w;
	const int32_t shapes[][4] = {{channels, kernel_h, kernel_w, depth},
				     {1, kernel_h, kernel_w, channels},
				     {channels, depth, 1, 1}};
	int row = layer->kind == GENERATE_CONV ? 0 : layer->kind == GENERATE_DEPTHWISE ? 1 : 2;

	memcpy(tensor->shape, shapes[row], sizeof(tensor->shape));
	tensor->rank = generate_is_dense(layer) ? 2 : 4;
	tensor->scales = layer->weight_scale;
	tensor->scale_count = generate_is_dense(layer) ? 1 : (uint32_t)channels;
	tensor->scale_dimension = layer->kind == GENERATE_DEPTHWISE ? 3 : 0;
	tensor->i8 = layer->weights;
	tensor->count =
		(uint32_t)(shapes[row][0] * shapes[row][1] * shapes[row][2] * shapes[row][3]);
}

/* bias_scales: room for one per channel, to live as long as the file. */
static void bias_fill(struct file_tensor *tensor, const struct generate_layer *layer,
		      float in_scale, float *bias_scales)
{
	uint32_t channels = layer->output.shape.channels;

	for (uint32_t c = 0; c < channels; c++)
		bias_scales[c] = in_scale * layer->weight_scale[c];
	tensor->rank = 1;
	tensor->shape[0] = (int32_t)channels;
	tensor->scales = bias_scales;
	tensor->scale_count = generate_is_dense(layer) ? 1 : channels;
	tensor->i32 = layer->bias;
	tensor->count = channels;
}

/* source: the tensor it reads. */
static void layer_add(struct file *file, const struct generate_layer *layer,
		      const struct generate_tensor *input, int32_t source, float *bias_scales)
{
	struct file_operator *op = &file->operators[file->operator_count];
	bool flat = layer->kind == GENERATE_RESHAPE || generate_is_dense(layer) ||
		    layer->kind == GENERATE_SOFTMAX;

	*op = (struct file_operator){.layer = layer, .input_count = 1};
	op->inputs[0] = source;
	if (generate_has_weights(layer)) {
		op->inputs[op->input_count++] = (int32_t)file->tensor_count;
		weights_fill(layer_tensor_add(file, TENSOR_INT8, "weights"), layer,
			     input->shape.channels);
		op->inputs[op->input_count++] = (int32_t)file->tensor_count;
		bias_fill(layer_tensor_add(file, TENSOR_INT32, "bias"), layer, input->scale,
			  bias_scales);
	}
	if (layer->kind == GENERATE_RESHAPE) {
		int32_t *sizes = file->reshape[file->reshape_count++];
		struct file_tensor *shape;

		op->inputs[op->input_count++] = (int32_t)file->tensor_count;
		shape = layer_tensor_add(file, TENSOR_INT32, "shape");
		sizes[0] = 1;
		sizes[1] = (int32_t)layer->output.shape.channels;
		shape->rank = 1;
		shape->shape[0] = 2;
		shape->i32 = sizes;
		shape->count = 2;
	}
	op->output = (int32_t)file->tensor_count;
	activation_fill(layer_tensor_add(file, TENSOR_INT8, "output"), &layer->output, flat);
	file->operator_count++;
}

static size_t codes_write(struct generate_flatbuffer *writer)
{
	size_t vector = generate_flatbuffer_vector(writer, NULL, GENERATE_CODE_COUNT, 4, 4);

	for (size_t i = 0; i < GENERATE_CODE_COUNT; i++) {
		const struct generate_field fields[] = {
			{CODE_DEPRECATED, 1, generate_kinds[i].builtin},
			{CODE_VERSION, 4, generate_kinds[i].version},
			{CODE_BUILTIN, 4, generate_kinds[i].builtin}};

		generate_flatbuffer_link_element(writer, vector, i,
						 generate_flatbuffer_table(writer, fields, 3));
	}
	return vector;
}

static bool tensor_is_constant(const struct file_tensor *tensor)
{
	return tensor->i8 || tensor->i32;
}

/* Buffers are vectors of bytes, whatever is in them. */
static size_t buffer_write(struct generate_flatbuffer *writer, const struct file_tensor *tensor)
{
	const struct generate_field data = {BUFFER_DATA, 4, 0};
	size_t table = generate_flatbuffer_table(writer, &data, 1);
	uint8_t words[4 * GENERATE_CHANNELS_MAX];
	const void *bytes = tensor->i8;
	size_t count = tensor->count;

	if (tensor->i32) {
		count *= 4;
		for (size_t i = 0; i < count; i++)
			words[i] = (uint8_t)((uint32_t)tensor->i32[i / 4] >> (8 * (i % 4)));
		bytes = words;
	}
	generate_flatbuffer_link(writer, table, BUFFER_DATA,
				 generate_flatbuffer_vector(writer, bytes, count, 1, BUFFER_ALIGN));
	return table;
}

/* Buffer 0 without data, then one for each constant in the order of tensors. */
static size_t buffers_write(struct file *file)
{
	size_t count = 1, at = 1, vector;

	for (uint32_t i = 0; i < file->tensor_count; i++)
		count += tensor_is_constant(&file->tensors[i]);
	vector = generate_flatbuffer_vector(&file->writer, NULL, count, 4, 4);
	generate_flatbuffer_link_element(&file->writer, vector, EMPTY_BUFFER,
					 generate_flatbuffer_table(&file->writer, NULL, 0));
	for (uint32_t i = 0; i < file->tensor_count; i++)
		if (tensor_is_constant(&file->tensors[i]))
			generate_flatbuffer_link_element(
				&file->writer, vector, at++,
				buffer_write(&file->writer, &file->tensors[i]));
	return vector;
}

static size_t quantization_write(struct generate_flatbuffer *writer,
				 const struct file_tensor *tensor)
{
	const struct generate_field fields[] = {
		{QUANTIZATION_SCALE, 4, 0},
		{QUANTIZATION_ZERO_POINT, 4, 0},
		{QUANTIZATION_DIMENSION, 4, tensor->scale_dimension}};
	size_t table = generate_flatbuffer_table(writer, fields, 3);
	uint8_t zero_points[8 * GENERATE_CHANNELS_MAX] = {0};
	uint64_t zero_point = (uint64_t)(int64_t)tensor->zero_point;

	for (uint32_t i = 0; i < 8 * tensor->scale_count; i++)
		zero_points[i] = (uint8_t)(zero_point >> (8 * (i % 8)));
	generate_flatbuffer_link(
		writer, table, QUANTIZATION_SCALE,
		generate_flatbuffer_f32s(writer, tensor->scales, tensor->scale_count));
	generate_flatbuffer_link(
		writer, table, QUANTIZATION_ZERO_POINT,
		generate_flatbuffer_vector(writer, zero_points, tensor->scale_count, 8, 8));
	return table;
}

static size_t tensor_write(struct generate_flatbuffer *writer, const struct file_tensor *tensor,
			   uint32_t buffer)
{
	const struct generate_field fields[] = {{TENSOR_SHAPE, 4, 0},
						{TENSOR_TYPE, 1, tensor->type},
						{TENSOR_BUFFER, 4, buffer},
						{TENSOR_NAME, 4, 0},
						{TENSOR_QUANTIZATION, 4, 0}};
	size_t table = generate_flatbuffer_table(writer, fields, tensor->scale_count ? 5 : 4);

	generate_flatbuffer_link(writer, table, TENSOR_SHAPE,
				 generate_flatbuffer_i32s(writer, tensor->shape, tensor->rank));
	generate_flatbuffer_link(writer, table, TENSOR_NAME,
				 generate_flatbuffer_string(writer, tensor->name));
	if (tensor->scale_count)
		generate_flatbuffer_link(writer, table, TENSOR_QUANTIZATION,
					 quantization_write(writer, tensor));
	return table;
}

static size_t tensors_write(struct file *file)
{
	size_t vector = generate_flatbuffer_vector(&file->writer, NULL, file->tensor_count, 4, 4);
	uint32_t buffer = 1;

	for (uint32_t i = 0; i < file->tensor_count; i++) {
		const struct file_tensor *tensor = &file->tensors[i];
		uint32_t use = tensor_is_constant(tensor) ? buffer++ : EMPTY_BUFFER;

		generate_flatbuffer_link_element(&file->writer, vector, i,
						 tensor_write(&file->writer, tensor, use));
	}
	return vector;
}

static size_t operator_write(struct generate_flatbuffer *writer, const struct file_operator *op)
{
	const struct generate_kind_row *kind = &generate_kinds[op->layer->kind - 1];
	uint32_t code =
		(uint32_t)(generate_is_dense(op->layer) ? GENERATE_DENSE : op->layer->kind) - 1;
	const struct generate_field fields[] = {{OPERATOR_CODE, 4, code},
						{OPERATOR_INPUTS, 4, 0},
						{OPERATOR_OUTPUTS, 4, 0},
						{OPERATOR_OPTIONS_TYPE, 1, kind->options_type},
						{OPERATOR_OPTIONS, 4, 0}};
	size_t table = generate_flatbuffer_table(writer, fields, kind->options ? 5 : 3);

	generate_flatbuffer_link(writer, table, OPERATOR_INPUTS,
				 generate_flatbuffer_i32s(writer, op->inputs, op->input_count));
	generate_flatbuffer_link(writer, table, OPERATOR_OUTPUTS,
				 generate_flatbuffer_i32s(writer, &op->output, 1));
	if (kind->options)
		generate_flatbuffer_link(writer, table, OPERATOR_OPTIONS,
					 kind->options(writer, op->layer));
	return table;
}

static size_t operators_write(struct file *file)
{
	size_t vector = generate_flatbuffer_vector(&file->writer, NULL, file->operator_count, 4, 4);

	for (uint32_t i = 0; i < file->operator_count; i++)
		generate_flatbuffer_link_element(
			&file->writer, vector, i,
			operator_write(&file->writer, &file->operators[i]));
	return vector;
}

static size_t subgraph_write(struct file *file)
{
	static const struct generate_field fields[] = {{SUBGRAPH_TENSORS, 4, 0},
						       {SUBGRAPH_INPUTS, 4, 0},
						       {SUBGRAPH_OUTPUTS, 4, 0},
						       {SUBGRAPH_OPERATORS, 4, 0},
						       {SUBGRAPH_NAME, 4, 0}};
	struct generate_flatbuffer *writer = &file->writer;
	size_t table = generate_flatbuffer_table(writer, fields, 5);
	int32_t input = 0, outputs[2];
	size_t output_count = 0;

	if (file->exit_output)
		outputs[output_count++] = file->exit_output;
	outputs[output_count++] = file->operators[file->operator_count - 1].output;
	generate_flatbuffer_link(writer, table, SUBGRAPH_TENSORS, tensors_write(file));
	generate_flatbuffer_link(writer, table, SUBGRAPH_INPUTS,
				 generate_flatbuffer_i32s(writer, &input, 1));
	generate_flatbuffer_link(writer, table, SUBGRAPH_OUTPUTS,
				 generate_flatbuffer_i32s(writer, outputs, output_count));
	generate_flatbuffer_link(writer, table, SUBGRAPH_OPERATORS, operators_write(file));
	generate_flatbuffer_link(writer, table, SUBGRAPH_NAME,
				 generate_flatbuffer_string(writer, "main"));
	return table;
}

static size_t model_write(struct file *file, const char *description)
{
	static const struct generate_field fields[] = {{MODEL_VERSION, 4, SCHEMA_VERSION},
						       {MODEL_CODES, 4, 0},
						       {MODEL_SUBGRAPHS, 4, 0},
						       {MODEL_DESCRIPTION, 4, 0},
						       {MODEL_BUFFERS, 4, 0}};
	struct generate_flatbuffer *writer = &file->writer;
	size_t table = generate_flatbuffer_table(writer, fields, 5), subgraphs;

	generate_flatbuffer_link(writer, table, MODEL_CODES, codes_write(writer));
	generate_flatbuffer_link(writer, table, MODEL_DESCRIPTION,
				 generate_flatbuffer_string(writer, description));
	generate_flatbuffer_link(writer, table, MODEL_BUFFERS, buffers_write(file));
	subgraphs = generate_flatbuffer_vector(writer, NULL, 1, 4, 4);
	generate_flatbuffer_link(writer, table, MODEL_SUBGRAPHS, subgraphs);
	generate_flatbuffer_link_element(writer, subgraphs, 0, subgraph_write(file));
	return table;
}

int generate_tflite(const struct generate_network *network, const char *description,
		    uint8_t **ret_bytes, size_t *ret_count)
{
	float bias_scales[GENERATE_LAYERS_MAX][GENERATE_CHANNELS_MAX];
	struct file file = {0};

	activation_fill(tensor_add(&file, TENSOR_INT8, "input"), &network->input, false);
	for (uint32_t i = 0; i < network->layer_count; i++) {
		uint32_t from = generate_is_rejoin(network, i) ? network->exit_first : i;

		layer_add(&file, &network->layers[i], generate_layer_input(network, i),
			  from ? file.operators[from - 1].output : 0, bias_scales[i]);
	}
	if (network->exit_first)
		file.exit_output =
			file.operators[network->exit_first + GENERATE_HEAD_LAYERS - 1].output;
	generate_flatbuffer_start(&file.writer, "TFL3");
	return generate_flatbuffer_finish(&file.writer, model_write(&file, description), ret_bytes,
					  ret_count);
}
