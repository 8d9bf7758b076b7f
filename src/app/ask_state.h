/* SPDX-License-Identifier: Apache-2.0
 *
 * ask_state: what the files of ask_checks share: ask_checks.c (queues and life), ask_judge.c,
 * ask_guardrail.c, ask_exec.c (one kind of question each).
 *
 * Threads: the loop's. */
#ifndef ASSAY_APP_ASK_STATE_H
#define ASSAY_APP_ASK_STATE_H

#include "app/ask_checks.h"
#include "app/target.h"
#include "core/validate/judge.h"
#include "shell/net/loop.h"
#include "shell/os/process.h"

struct ask_question;

/* Where questions go: one target, or commands. Each has its queue. */
struct ask_place {
    struct target target; /* of commands: zeroed */
    bool is_open;
    uint32_t in_flight;
    uint32_t in_flight_max;
    struct ask_question *first; /* that wait */
    struct ask_question *last;
};

struct ask_row {
    struct ask_place *place;
    struct ask_figures figures;
    uint64_t opinions; /* of a judge asked several times */
    int64_t agreement_sum_micro;
};

/* The grades of one answer by one judge. */
struct ask_grading {
    struct judge_grade grades[JUDGE_REPEATS_MAX];
    size_t count;
    size_t left;
    char why[ERR_TEXT_MAX]; /* the last that gave none */
};

/* All that is asked about one answer. */
struct ask_answer {
    struct ask_checks *checks;
    struct ask_subject subject;
    struct arena arena;
    struct ask_question *questions;
    size_t question_count;
    size_t left;
    struct err err; /* of our own making */
    ask_checks_done *done;
    void *context;
    struct ask_answer *next;
    struct ask_answer *previous;
};

struct ask_question {
    struct ask_answer *answer;
    struct ask_row *row;
    struct ask_grading *grading; /* of a judge */
    uint64_t sample;
    struct id process; /* of a command that runs */
    bool is_running;
    struct ask_question *next; /* in the place's queue */
};

struct ask_checks {
    const struct host *host;
    bool is_interrupted;
    struct arena arena;
    struct ask_place *places;
    size_t place_count;
    struct ask_row *rows; /* of the checks that are asked */
    size_t row_count;
    struct ask_answer *answers;
    struct loop_task task;
};

/* One kind of question: puts it, and calls ask_ended later; a code where it cannot be put. */
typedef int ask_start(struct ask_question *question, struct err *reterr);
ask_start ask_judge_start;
ask_start ask_guardrail_start;
ask_start ask_exec_start;

/* Something was found: the check's name and severity are filled in. */
void ask_found(struct ask_question *question, struct finding finding);
/* No verdict came: a finding, and why. */
void ask_silent(struct ask_question *question, struct view why);
/* A reply from the question's target: counts what it cost. */
void ask_counted(struct ask_question *question, const struct answer *answer);
/* Nothing more comes of the question. */
void ask_ended(struct ask_question *question);

#endif
