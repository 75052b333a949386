// FACENET_SIMD before a function compiles it for AVX-512, AVX2 and the plain instruction set; the loader picks the one
// that the processor has. Put it on the inner loop, not on a function with an OpenMP region or a lambda.
#pragma once

#if defined(__x86_64__) && defined(__ELF__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FACENET_SIMD __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FACENET_SIMD  // resolvers run before a sanitizer is ready
#endif

// For what such a function calls: compiled on its own it would have the plain instruction set.
#define FACENET_INLINE __attribute__((always_inline)) inline
