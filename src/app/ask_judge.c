/* SPDX-License-Identifier: Apache-2.0
 *
 * ask_judge: a judge model is asked, as often as its row says; its grades become one opinion. */
#include <stdio.h>

#include "app/ask_state.h"

enum { MESSAGE_SIZE_MAX = 1024 };

static struct judge_scale scale_of(const struct policy_judge *judge)
{
    return (struct judge_scale){.low = judge->scale_min, .high = judge->scale_max};
}

static void conclude(struct ask_question *question)
{
    const struct policy_judge *judge = question->row->figures.check->options;
    struct ask_grading *grading = question->grading;
    char text[MESSAGE_SIZE_MAX];

    if (grading->count == 0) {
        ask_silent(question, view_of(grading->why));
        return;
    }
    const struct judge_opinion opinion = judge_opinion_of(grading->grades, grading->count);
    if (judge->repeat > 1) {
        question->row->opinions++;
        question->row->agreement_sum_micro += opinion.agreement_micro;
    }
    if (opinion.mean_micro >= judge->floor_micro)
        return;
    int len = snprintf(text, sizeof text, "graded %.4g of %lld to %lld, below %.4g",
                       (double)opinion.mean_micro / 1e6, (long long)judge->scale_min,
                       (long long)judge->scale_max, (double)judge->floor_micro / 1e6);
    if (judge->repeat > 1)
        len += snprintf(text + len, sizeof text - (size_t)len,
                        " (%zu of %lld grades, %lld%% agree)", grading->count,
                        (long long)judge->repeat, (long long)(opinion.agreement_micro / 10000));
    struct view reason = grading->grades[opinion.middle].reason;
    if (reason.len > 0)
        snprintf(text + len, sizeof text - (size_t)len, ": %.*s", VIEW_ARG(reason));
    ask_found(question, (struct finding){.message = view_of(text), .evidence = view_of("")});
}

static void on_answer(void *context, struct id ask, const struct answer *answer)
{
    struct ask_question *question = context;
    const struct policy_judge *judge = question->row->figures.check->options;
    const struct judge_scale scale = scale_of(judge);
    struct ask_grading *grading = question->grading;
    struct err err = {0};

    (void)ask;
    ask_counted(question, answer);
    if (answer->reply.code != 0)
        fail(&err, answer->reply.code, "%.*s", VIEW_ARG(answer->reply.error_text));
    else if (judge_grade_read(answer->reply.text, &scale, &question->answer->arena,
                              &grading->grades[grading->count], &err)
             == 0)
        grading->count++;
    if (err.code != 0)
        snprintf(grading->why, sizeof grading->why, "%s", err.text);
    if (--grading->left == 0)
        conclude(question);
    ask_ended(question);
}

int ask_judge_start(struct ask_question *question, struct err *reterr)
{
    const struct policy_judge *judge = question->row->figures.check->options;
    const struct ask_subject *subject = &question->answer->subject;
    const struct judge_question put = {
        .rubric = judge->rubric,
        .scale = scale_of(judge),
        .question = subject->question,
        .response = subject->response,
        .sources = subject->sources,
        .source_count = subject->source_count,
        .sample = question->sample,
    };
    struct chat chat;
    struct arena scratch;

    arena_init(&scratch, 4 * (size_t)JUDGE_TEXT_BYTES_MAX);
    int code = judge_question_chat(&put, &scratch, &chat);
    if (code != 0)
        fail(reterr, code, "the answer and its sources are too long for a judge");
    else
        code =
            asker_ask(question->row->place->target.asker, &chat, on_answer, question, NULL, reterr);
    arena_release(&scratch);
    if (code == 0)
        return 0;
    /* the last of the repeats has the word for all */
    snprintf(question->grading->why, sizeof question->grading->why, "%s", reterr->text);
    if (--question->grading->left > 0)
        return ask_ended(question), 0;
    conclude(question);
    return ask_ended(question), 0;
}
