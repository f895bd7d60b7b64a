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
add_executable(kernel_markers kernel/markers.c)

add_test(NAME kernel/guest COMMAND bash tests/kernel/build_guest.sh ${CMAKE_BINARY_DIR}/guest
	WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(kernel/guest PROPERTIES TIMEOUT 1800 SKIP_RETURN_CODE 77 LABELS kernel
	FIXTURES_SETUP kernel_guest)

# AddressSanitizer and ThreadSanitizer map shadow memory up to 2^47, and a process in User-Mode Linux ends at 511 GiB. So
# with the preset asan-ubsan the guest runs programs that have UndefinedBehaviorSanitizer alone, from a build of their own;
# with the preset tsan it runs none.
set(kernel_build ${CMAKE_BINARY_DIR})
set(sanitized)
if(JOULEBENCH_ASAN_UBSAN)
	set(kernel_build ${CMAKE_BINARY_DIR}/ubsan)
	add_test(NAME kernel/ubsan COMMAND bash tests/kernel/build_ubsan.sh ${kernel_build} ${CMAKE_GENERATOR}
		WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
	set_tests_properties(kernel/ubsan PROPERTIES TIMEOUT 3600 LABELS kernel FIXTURES_SETUP kernel_guest)
elseif(JOULEBENCH_TSAN)
	set(sanitized "JOULEBENCH_SANITIZED=1")
endif()

# kernel_test(NAME COMMAND...): runs in the guest.
function(kernel_test name)
	add_test(NAME kernel/${name} COMMAND bash tests/kernel/in_guest.sh ${CMAKE_BINARY_DIR}/guest ${ARGN}
		WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
	set_tests_properties(kernel/${name} PROPERTIES TIMEOUT 270 SKIP_RETURN_CODE 77 LABELS kernel
		FIXTURES_REQUIRED kernel_guest RESOURCE_LOCK kernel_guest
		ENVIRONMENT "JOULEBENCH_BUILD=${kernel_build};JOULEBENCH_GUEST_TIMEOUT=240;${sanitized}")
endfunction()

# All that runs in there, and what it reads.
add_custom_target(kernel_programs)
add_dependencies(kernel_programs joulebench virtual-rig kernel_attach kernel_markers rig_meters firmware_nucleo-l4r5zi-O2)
file(GLOB found CONFIGURE_DEPENDS kernel/test_*.c)
foreach(source IN LISTS found)
	get_filename_component(stem ${source} NAME_WE)
	string(REPLACE test_ "" short ${stem})
	add_executable(kernel_${stem} ${source} $<TARGET_OBJECTS:kernel_rig>)
	target_include_directories(kernel_${stem} PRIVATE ${CMAKE_SOURCE_DIR})
	target_link_libraries(kernel_${stem} PRIVATE drivers PkgConfig::CMOCKA m)
	add_dependencies(kernel_programs kernel_${stem})
	kernel_test(${short} ${kernel_build}/bin/kernel_${stem})
endforeach()
kernel_test(devices bash tests/kernel/devices.sh)
kernel_test(sweep bash tests/kernel/sweep.sh)
set_property(TEST kernel/sweep APPEND PROPERTY ENVIRONMENT "JOULEBENCH_GUEST_TIME=virtual")
