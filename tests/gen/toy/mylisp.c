// mylisp FILE: a small Lisp whose operators stand last, for the tests of user-made dialects. It has a heap with a
// mark-and-sweep collector, evaluates operands from right to left, eliminates tail calls, and says so when
// recursion or memory runs out (exit 3).
//
//   [n x == body]         defines function n          [c ? a ; b]           condition
//   [x y => body]         a function value            [n := value . body]   a local name
//   [a b f]  [a b f !]    calls f; calls the value f  [a , b , c]           one after the other
//   [go @ i <- 0 | body]  a loop: [1 go] in body begins its next round
//   [a except n . b]      b, with n for what [1 raise] raised in a      [n <== value]  a global
//   [f leave-by]          calls the value f with a continuation: a function that leaves the call
//   12  'text'  yes  no  ~ (the empty list)  &n (function n as a value)  # a comment
#include "mylisp.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static value eval(struct machine *m, const struct node *n, value env);

static value bind(struct machine *m, struct symbol *name, value v, value env)
{
	struct cell *c;

	push(m, v);
	push(m, env);
	c = new_cell(m, ENV);
	c->name = name;
	c->a = v;
	c->b = env;
	m->root_count -= 2;
	return (value)c;
}

static const struct cell *find(const struct symbol *name, value env)
{
	const struct cell *c;

	for (; env != NIL; env = c->b) {
		c = (const struct cell *)env;
		if (c->name == name)
			return c;
	}
	return NULL;
}

static value closure(struct machine *m, const struct node *n, value env)
{
	struct cell *c;

	push(m, env);
	c = new_cell(m, CLOSURE);
	c->node = n;
	c->b = env;
	m->root_count--;
	return (value)c;
}

static value function_of(struct machine *m, const struct symbol *name, value env)
{
	const struct cell *local = find(name, env);

	if (local != NULL)
		return local->a;
	if (name->function == NULL) {
		fprintf(stderr, "mylisp: '%s' is not defined\n", name->text);
		exit(3);
	}
	return closure(m, name->function, NIL);
}

// The environment of a call whose arguments are the last `count` roots.
static value enter(struct machine *m, const struct node *f, value env, size_t count)
{
	size_t first = m->root_count - count;

	if (f->name_count != count)
		die("a function was called with the wrong number of arguments");
	for (size_t i = 0; i < count; i++)
		env = bind(m, f->names[i], m->roots[first + i], env);
	m->root_count = first;
	return env;
}

// A loop is a function that is bound to its label in its own environment, and called.
static value enter_loop(struct machine *m, const struct node *n, value env)
{
	value go;

	for (size_t i = 0; i < n->name_count; i++)
		push(m, eval(m, n->kids[i], env));
	env = bind(m, n->name, NIL, env);
	push(m, env);
	go = closure(m, n, env);
	m->root_count--;
	((struct cell *)env)->a = go;
	return enter(m, n, env, n->name_count);
}

static const struct node *body_of(const struct node *f)
{
	return f->kind == LOOP ? f->kids[f->name_count] : f->kids[0];
}

void leave(struct machine *m, const struct handler *to, value with)
{
	struct handler *h;

	for (h = m->handlers; h != NULL && (to != NULL ? h != to : h->escape != NULL); h = h->outer)
		if (h->escape != NULL)
			h->escape->handler = NULL;
	if (h == NULL)
		die("nothing catches what was raised");
	m->handlers = h;
	m->raised = with;
	longjmp(h->jump, 1);
}

// The function to call; a continuation, whose argument is the last root, is left for instead.
static const struct cell *function_called(struct machine *m, value f)
{
	const struct cell *c = (const struct cell *)f;

	if (is_int(f) || c->type != ESCAPE)
		return cell_of(f, CLOSURE);
	if (c->handler == NULL)
		die("a continuation was called whose call has returned");
	leave(m, c->handler, m->roots[m->root_count - 1]);
}

value apply(struct machine *m, value f, value argument)
{
	const struct cell *c;

	push(m, argument);
	c = function_called(m, f);
	return eval(m, body_of(c->node), enter(m, c->node, c->b, 1));
}

// Evaluates the operands onto the roots. Calls a primitive (true, with the result), or finds what to go on with.
static bool call(struct machine *m, const struct node **n, value *env, value *out)
{
	const struct node *at = *n;
	size_t count = at->count - (at->kind == APPLY), first = m->root_count;
	const struct primitive *p = at->kind == CALL ? at->name->primitive : NULL;
	const struct cell *f;

	for (size_t i = 0; i < count; i++)
		push(m, NIL);
	for (size_t i = count; i-- > 0;) // from right to left: whoever needs an order must ask for it
		m->roots[first + i] = eval(m, at->kids[i], *env);
	if (p != NULL) {
		if (p->args != ANY_COUNT && p->args != count)
			die("a primitive was called with the wrong number of arguments");
		*out = p->run(m, m->roots + first, count);
		m->root_count = first;
		return true;
	}
	f = function_called(m,
	                    at->kind == APPLY ? eval(m, at->kids[count], *env) : function_of(m, at->name, *env));
	*n = body_of(f->node);
	*env = enter(m, f->node, f->b, count);
	return false;
}

static value eval_simple(struct machine *m, const struct node *n, value env)
{
	const struct cell *local;

	switch (n->kind) {
	case LITERAL:
		return n->literal;
	case NAME:
		local = find(n->name, env);
		if (local == NULL && n->name->global != 0)
			return n->name->global;
		if (local == NULL && n->name->function != NULL && n->name->function->name_count == 0)
			return eval(m, n->name->function->kids[0], NIL);
		if (local == NULL) {
			fprintf(stderr, "mylisp: '%s' is not defined\n", n->name->text);
			exit(3);
		}
		return local->a;
	case FUNCTION_OF:
		return function_of(m, n->name, env);
	case GLOBAL:
		n->name->global = eval(m, n->kids[0], env);
		return NIL;
	default:
		return closure(m, n, env);
	}
}

// The value of the body in *out; false with the handler's environment in *out when something was raised.
static bool eval_except(struct machine *m, const struct node *n, value env, value *out)
{
	const size_t roots = m->root_count;
	const unsigned depth = m->depth;
	struct handler h = { .outer = m->handlers };

	m->handlers = &h;
	if (setjmp(h.jump) == 0) {
		*out = eval(m, n->kids[0], env);
		m->handlers = h.outer;
		return true;
	}
	m->handlers = h.outer;
	m->root_count = roots;
	m->depth = depth;
	*out = bind(m, n->name, m->raised, env);
	return false;
}

static value eval(struct machine *m, const struct node *n, value env)
{
	size_t roots = m->root_count;
	value out = NIL;

	if (++m->depth > DEPTH_MAX)
		die("recursion too deep");
	push(m, env);
	for (bool done = false; !done;) {
		m->roots[roots] = env;
		switch (n->kind) {
		case IF:
			n = n->kids[eval(m, n->kids[0], env) == YES ? 1 : 2];
			break;
		case LET:
			env = bind(m, n->name, eval(m, n->kids[0], env), env);
			n = n->kids[1];
			break;
		case LOOP:
			env = enter_loop(m, n, env);
			n = body_of(n);
			break;
		case SEQUENCE:
			for (size_t i = 0; i + 1 < n->count; i++)
				eval(m, n->kids[i], env);
			n = n->kids[n->count - 1];
			break;
		case EXCEPT:
			done = eval_except(m, n, env, &out);
			env = done ? env : out;
			n = n->kids[1];
			break;
		case CALL:
		case APPLY:
			done = call(m, &n, &env, &out);
			break;
		default:
			out = eval_simple(m, n, env);
			done = true;
		}
	}
	m->root_count = roots;
	m->depth--;
	return out;
}

static void *run(void *machine)
{
	struct machine *m = machine;

	for (skip_blanks(m); *m->p != 0; skip_blanks(m))
		eval(m, read_item(m), NIL);
	return NULL;
}

// Evaluation recurses in C, so it gets a large stack.
static void run_on_large_stack(struct machine *m)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	if (pthread_create(&thread, &attributes, run, m) != 0)
		die("no memory for the stack");
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
}

static void forget_everything(struct machine *m)
{
	m->root_count = 0;
	for (struct symbol *s = m->symbols; s != NULL; s = s->next)
		s->global = NIL;
	collect(m);
}

int main(int argc, char **argv)
{
	struct machine m = { .path = argv[1], .line = 1, .until_next = 100000 };
	FILE *f = argc == 2 ? fopen(argv[1], "r") : NULL;
	char *text = NULL;
	size_t size = 0;

	if (f == NULL || getdelim(&text, &size, 0, f) < 0) {
		fprintf(stderr, "usage: mylisp FILE\n");
		return 2;
	}
	fclose(f);
	m.p = text;
	m.cells = need(calloc(CELLS_MAX, sizeof *m.cells));
	m.roots = need(calloc(ROOTS_MAX, sizeof *m.roots));
	run_on_large_stack(&m);
	forget_everything(&m);
	free(m.marks);
	free(m.finalizers);
	free(m.roots);
	free(m.cells);
	read_end(&m);
	free(text);
	return 0;
}
