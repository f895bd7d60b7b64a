# Speed of the Joulescopes' parsers, and long streams through drivers: joulescope_streams.c. A
# program alone, no ctest.
add_executable(benchmarks_joulescope_streams ${CMAKE_CURRENT_LIST_DIR}/joulescope_streams.c)
target_include_directories(benchmarks_joulescope_streams PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(benchmarks_joulescope_streams PRIVATE drivers virtual_rig m)
target_compile_options(benchmarks_joulescope_streams PRIVATE -O2)
