# The boards' firmware: part of every build, with its own compiler.
# Adding a chip: a folder in ports/ and a firmware_board() line below.
find_program(ARM_GCC arm-none-eabi-gcc)
find_program(ARM_OBJCOPY arm-none-eabi-objcopy)
if(NOT ARM_GCC OR NOT ARM_OBJCOPY)
	message(FATAL_ERROR "arm-none-eabi-gcc was not found: install gcc-arm-none-eabi and libnewlib-arm-none-eabi")
endif()
execute_process(COMMAND ${ARM_GCC} -print-file-name=nano.specs OUTPUT_VARIABLE nano_specs OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT IS_ABSOLUTE "${nano_specs}")
	message(FATAL_ERROR "newlib for arm-none-eabi-gcc was not found: install libnewlib-arm-none-eabi")
endif()

# The command loop for the host's tests, which bring their own port.
house_library(firmware_agent firmware/agent)
target_link_libraries(firmware_agent PUBLIC firmware_runtime firmware_wire)

set(FIRMWARE_CORE_cortex-m4f -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16)
set(FIRMWARE_CORE_stm32l4r5 ${FIRMWARE_CORE_cortex-m4f})

# firmware_board(BOARD CHIP BUILD option...): ${CMAKE_BINARY_DIR}/firmware/BOARD-BUILD.{elf,bin,map}.
# BUILD names the options; HELLO reports both.
function(firmware_board board chip build)
	set(port ${CMAKE_SOURCE_DIR}/firmware/ports/${chip})
	set(sources)
	set(headers)
	foreach(folder wire agent image runtime runtime/kernels/portable ports/${chip})
		file(GLOB found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/firmware/${folder}/*.c)
		list(APPEND sources ${found})
	endforeach()
	file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/firmware/*.h)
	set(code_options ${ARGN} ${FIRMWARE_CORE_${chip}})
	list(JOIN code_options " " options_text)
	set(stem ${CMAKE_BINARY_DIR}/firmware/${board}-${build})
	add_custom_command(
		OUTPUT ${stem}.elf ${stem}.bin
		BYPRODUCTS ${stem}.map
		COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/firmware
		COMMAND ${ARM_GCC} -std=gnu11 -g ${code_options}
			-ffreestanding -ffunction-sections -fdata-sections -fno-common -ffp-contract=off
			-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
			-Wno-missing-field-initializers
			-ffile-prefix-map=${CMAKE_BINARY_DIR}=build -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.
			-DPORT_BOARD="${board}" -DPORT_BUILD="${build}" "-DPORT_OPTIONS=\"${options_text}\""
			-I${CMAKE_SOURCE_DIR} ${sources}
			-nostartfiles --specs=nano.specs -T ${port}/layout.ld
			-Wl,--gc-sections -Wl,--build-id=none -Wl,-Map,${stem}.map -o ${stem}.elf
		COMMAND ${ARM_OBJCOPY} -O binary ${stem}.elf ${stem}.bin
		DEPENDS ${sources} ${headers} ${port}/layout.ld ${CMAKE_SOURCE_DIR}/firmware/boards.cmake
		COMMENT "Building firmware ${board}-${build}"
		VERBATIM)
	add_custom_target(firmware_${board}-${build} ALL DEPENDS ${stem}.elf ${stem}.bin)
endfunction()

firmware_board(nucleo-l4r5zi stm32l4r5 O2 -O2)
