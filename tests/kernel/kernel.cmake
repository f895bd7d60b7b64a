# SPDX-License-Identifier: GPL-3.0-or-later
#
# tests/kernel/test_NAME.c: one program and one ctest each, run inside a guest kernel (User-Mode Linux) that has the
# real drivers. `ctest -L kernel` builds the guest first, a few minutes the first time.
add_library(kernel_rig OBJECT kernel/rig.c kernel/vhci.c)
target_include_directories(kernel_rig PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(kernel_rig PRIVATE PkgConfig::CMOCKA)
add_executable(kernel_attach kernel/attach.c kernel/vhci.c)
target_include_directories(kernel_attach PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(kernel_attach PRIVATE drivers)

add_test(NAME kernel/guest COMMAND bash tests/kernel/build_guest.sh ${CMAKE_BINARY_DIR}/guest
	WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(kernel/guest PROPERTIES TIMEOUT 1800 SKIP_RETURN_CODE 77 LABELS kernel
	FIXTURES_SETUP kernel_guest)

# kernel_test(NAME COMMAND...): runs in the guest. The sanitizers want an address space that User-Mode Linux does not give.
function(kernel_test name)
	set(sanitized)
	if(JOULEBENCH_ASAN_UBSAN OR JOULEBENCH_TSAN)
		set(sanitized "JOULEBENCH_SANITIZED=1")
	endif()
	add_test(NAME kernel/${name} COMMAND bash tests/kernel/in_guest.sh ${CMAKE_BINARY_DIR}/guest ${ARGN}
		WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
	set_tests_properties(kernel/${name} PROPERTIES TIMEOUT 270 SKIP_RETURN_CODE 77 LABELS kernel
		FIXTURES_REQUIRED kernel_guest RESOURCE_LOCK kernel_guest
		ENVIRONMENT "JOULEBENCH_BUILD=${CMAKE_BINARY_DIR};JOULEBENCH_GUEST_TIMEOUT=240;${sanitized}")
endfunction()

file(GLOB found CONFIGURE_DEPENDS kernel/test_*.c)
foreach(source IN LISTS found)
	get_filename_component(stem ${source} NAME_WE)
	string(REPLACE test_ "" short ${stem})
	add_executable(kernel_${stem} ${source} $<TARGET_OBJECTS:kernel_rig>)
	target_include_directories(kernel_${stem} PRIVATE ${CMAKE_SOURCE_DIR})
	target_link_libraries(kernel_${stem} PRIVATE drivers PkgConfig::CMOCKA m)
	kernel_test(${short} $<TARGET_FILE:kernel_${stem}>)
endforeach()
kernel_test(devices bash tests/kernel/devices.sh)
kernel_test(sweep bash tests/kernel/sweep.sh)
