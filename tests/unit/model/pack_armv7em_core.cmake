# pack_armv7em_core.c: the Armv7E-M kernels as machine code on simulated cores. Included by
# tests/CMakeLists.txt; needs arm_none_eabi_gcc and arm_none_eabi_objcopy of firmware/boards.cmake.
set(here ${CMAKE_CURRENT_LIST_DIR})
file(GLOB kernels CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/firmware/runtime/kernels/armv7em/*.[ch]
	${CMAKE_SOURCE_DIR}/firmware/image/needs_armv7em.[ch])
set(sources ${here}/pack_armv7em_target.c ${kernels})
list(FILTER sources INCLUDE REGEX "\\.c$")
set(binaries)
foreach(core m4 m7 m33)
	set(stem ${CMAKE_BINARY_DIR}/firmware/test-armv7em-${core})
	add_custom_command(
		OUTPUT ${stem}.elf ${stem}.bin
		COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/firmware
		COMMAND ${arm_none_eabi_gcc} -std=gnu11 -g -O2 -mcpu=cortex-${core} -mthumb -mfloat-abi=soft
			-ffreestanding -ffunction-sections -fno-common -Wall -Wextra -I${CMAKE_SOURCE_DIR}
			${sources} -nostartfiles --specs=nano.specs -T ${here}/pack_armv7em_target.ld
			-Wl,--gc-sections -Wl,--build-id=none -o ${stem}.elf
		COMMAND ${arm_none_eabi_objcopy} -O binary ${stem}.elf ${stem}.bin
		DEPENDS ${sources} ${kernels} ${here}/pack_armv7em_target.h ${here}/pack_armv7em_target.ld
		VERBATIM)
	list(APPEND binaries ${stem}.bin)
endforeach()
add_custom_target(firmware_test_armv7em ALL DEPENDS ${binaries})
add_executable(unit_model_pack_armv7em_core ${here}/pack_armv7em_core.c)
target_include_directories(unit_model_pack_armv7em_core PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(unit_model_pack_armv7em_core PRIVATE bench_model virtual_rig PkgConfig::CMOCKA m)
add_dependencies(unit_model_pack_armv7em_core firmware_test_armv7em)
add_test(NAME unit/model/pack_armv7em_core COMMAND unit_model_pack_armv7em_core
	WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(unit/model/pack_armv7em_core PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77
	ENVIRONMENT "JOULEBENCH_BUILD=${CMAKE_BINARY_DIR}")
