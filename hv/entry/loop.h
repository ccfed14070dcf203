/* The run loop: next vCPU from the scheduler, deliver, enter, hand the exit to its owner. */
#ifndef HV_ENTRY_LOOP_H
#define HV_ENTRY_LOOP_H

/* Runs guests on the calling CPU; never returns. HOLDS(H). The root has been started before. */
void __attribute__((noreturn)) loop_run(void);

#endif
