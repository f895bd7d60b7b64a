# The boards' firmware: part of every build, with its own compilers.
# Adding a chip: a folder in ports/, a row of FIRMWARE_ below and firmware_board() lines at the end.
foreach(tool arm-none-eabi riscv64-unknown-elf)
	foreach(part gcc objcopy)
		string(MAKE_C_IDENTIFIER "${tool}-${part}" variable)
		find_program(${variable} ${tool}-${part})
		if(NOT ${variable})
			message(FATAL_ERROR "${tool}-${part} was not found: install gcc-${tool}")
		endif()
	endforeach()
endforeach()
# Optional: the builds named clang are made where it is installed.
find_program(FIRMWARE_CLANG NAMES clang clang-14)

function(require_specs compiler specs package)
	execute_process(COMMAND ${compiler} -print-file-name=${specs} OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE)
	if(NOT IS_ABSOLUTE "${found}")
		message(FATAL_ERROR "${specs} was not found: install ${package}")
	endif()
endfunction()
require_specs(${arm_none_eabi_gcc} nano.specs libnewlib-arm-none-eabi)
require_specs(${riscv64_unknown_elf_gcc} picolibc.specs picolibc-riscv64-unknown-elf)

# The command loop for the host's tests, which bring their own port.
house_library(firmware_agent firmware/agent)
target_link_libraries(firmware_agent PUBLIC firmware_runtime firmware_wire)

# Of each chip: tool chain, core options, the kernel set its core runs beside the portable one, and
# the options that give its libc.
set(FIRMWARE_ARM_LIBC --specs=nano.specs)
set(FIRMWARE_TOOL_stm32l4r5 arm_none_eabi)
set(FIRMWARE_CORE_stm32l4r5 -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16)
set(FIRMWARE_KERNELS_stm32l4r5 armv7em)
set(FIRMWARE_LIBC_stm32l4r5 ${FIRMWARE_ARM_LIBC})
set(FIRMWARE_TOOL_stm32f767 arm_none_eabi)
set(FIRMWARE_CORE_stm32f767 -mcpu=cortex-m7 -mthumb -mfloat-abi=hard -mfpu=fpv5-sp-d16)
set(FIRMWARE_KERNELS_stm32f767 armv7em)
set(FIRMWARE_LIBC_stm32f767 ${FIRMWARE_ARM_LIBC})
set(FIRMWARE_TOOL_stm32l552 arm_none_eabi)
set(FIRMWARE_CORE_stm32l552 -mcpu=cortex-m33 -mthumb -mfloat-abi=hard -mfpu=fpv5-sp-d16)
set(FIRMWARE_KERNELS_stm32l552 armv7em)
set(FIRMWARE_LIBC_stm32l552 ${FIRMWARE_ARM_LIBC})
set(FIRMWARE_TOOL_esp32c3 riscv64_unknown_elf)
set(FIRMWARE_CORE_esp32c3 -march=rv32imc -misa-spec=2.2 -mabi=ilp32)
set(FIRMWARE_KERNELS_esp32c3 rv32)
set(FIRMWARE_LIBC_esp32c3 --specs=picolibc.specs)

# firmware_board(BOARD CHIP BUILD option...): ${CMAKE_BINARY_DIR}/firmware/BOARD-BUILD.{elf,bin,map}.
# BUILD names the options; HELLO reports both.
function(firmware_board board chip build)
	set(port ${CMAKE_SOURCE_DIR}/firmware/ports/${chip})
	set(gcc ${${FIRMWARE_TOOL_${chip}}_gcc})
	set(objcopy ${${FIRMWARE_TOOL_${chip}}_objcopy})
	set(sources)
	set(headers)
	foreach(folder wire agent image runtime runtime/kernels/portable
			runtime/kernels/${FIRMWARE_KERNELS_${chip}} ports/${chip})
		file(GLOB found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/firmware/${folder}/*.c)
		list(APPEND sources ${found})
	endforeach()
	file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/firmware/*.h)
	string(TOUPPER ${FIRMWARE_KERNELS_${chip}} kernels)
	set(code_options ${ARGN} ${FIRMWARE_CORE_${chip}})
	list(JOIN code_options " " options_text)
	set(stem ${CMAKE_BINARY_DIR}/firmware/${board}-${build})
	add_custom_command(
		OUTPUT ${stem}.elf ${stem}.bin
		BYPRODUCTS ${stem}.map
		COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/firmware
		COMMAND ${gcc} -std=gnu11 -g ${code_options} ${FIRMWARE_LIBC_${chip}}
			-ffreestanding -ffunction-sections -fdata-sections -fno-common -ffp-contract=off
			-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
			-Wno-missing-field-initializers
			-ffile-prefix-map=${CMAKE_BINARY_DIR}=build -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.
			-DPORT_BOARD="${board}" -DPORT_BUILD="${build}" "-DPORT_OPTIONS=\"${options_text}\""
			-DRUNTIME_KERNELS_${kernels}
			-I${CMAKE_SOURCE_DIR} ${sources}
			-nostartfiles -T ${port}/layout.ld
			-Wl,--gc-sections -Wl,--build-id=none -Wl,-Map,${stem}.map -o ${stem}.elf
		COMMAND ${objcopy} -O binary ${stem}.elf ${stem}.bin
		DEPENDS ${sources} ${headers} ${port}/layout.ld ${CMAKE_SOURCE_DIR}/firmware/boards.cmake
		COMMENT "Building firmware ${board}-${build}"
		VERBATIM)
	add_custom_target(firmware_${board}-${build} ALL DEPENDS ${stem}.elf ${stem}.bin)
endfunction()

firmware_board(nucleo-l4r5zi stm32l4r5 O2 -O2)
