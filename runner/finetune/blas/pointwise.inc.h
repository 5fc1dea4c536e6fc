// Per-channel and elementwise passes. Sums run in vectors within a plane and in
// double precision across planes. The includer defines NAME, TARGET and v8.

TARGET static void NAME(channel_sum)(const struct planes *s, const float *x, float *sum, int64_t c0, int64_t c1) {
	for (int64_t c = c0; c < c1; c++) {
		double total = 0;
		for (int64_t r = 0; r < s->rows; r++) {
			const float *p = x + (r * s->channels + c) * s->hw;
			v8 acc = v8_zero();
			int64_t i = 0;
			for (; i + 8 <= s->hw; i += 8)
				acc = v8_add(acc, v8_load(p + i));
			float part = v8_sum(acc);
			for (; i < s->hw; i++)
				part += p[i];
			total += part;
		}
		sum[c] = (float)total;
	}
}

TARGET static void NAME(channel_stats)(const struct planes *s, const float *x, float *mean, float *var, int64_t c0,
                                       int64_t c1) {
	double n = (double)(s->rows * s->hw);
	NAME(channel_sum)(s, x, mean, c0, c1);
	for (int64_t c = c0; c < c1; c++) {
		float m = mean[c] = (float)(mean[c] / n);
		double total = 0;
		for (int64_t r = 0; r < s->rows; r++) {
			const float *p = x + (r * s->channels + c) * s->hw;
			v8 acc = v8_zero(), vm = v8_set1(m);
			int64_t i = 0;
			for (; i + 8 <= s->hw; i += 8) {
				v8 d = v8_sub(v8_load(p + i), vm);
				acc = v8_fma(acc, d, d);
			}
			float part = v8_sum(acc);
			for (; i < s->hw; i++)
				part += (p[i] - m) * (p[i] - m);
			total += part;
		}
		var[c] = (float)(total / n);
	}
}

TARGET static void NAME(scale_shift)(const struct planes *s, const float *x, const float *scale, const float *shift,
                                     int relu, float *y, int64_t c0, int64_t c1) {
	for (int64_t r = 0; r < s->rows; r++)
		for (int64_t c = c0; c < c1; c++) {
			int64_t at = (r * s->channels + c) * s->hw, i = 0;
			v8 a = v8_set1(scale[c]), b = v8_set1(shift[c]);
			for (; i + 8 <= s->hw; i += 8) {
				v8 v = v8_fma(b, a, v8_load(x + at + i));
				v8_store(y + at + i, relu ? v8_relu(v) : v);
			}
			for (; i < s->hw; i++) {
				float v = x[at + i] * scale[c] + shift[c];
				y[at + i] = relu && v < 0 ? 0 : v;
			}
		}
}

// Sums over one channel of g and g*(x-mean), with g = dy where y > 0 if relu.
TARGET static void NAME(norm_sums)(const struct planes *s, int64_t c, int relu, float mean, const float *x,
                                   const float *y, const float *dy, double *sum, double *dot) {
	*sum = *dot = 0;
	v8 vm = v8_set1(mean);
	for (int64_t r = 0; r < s->rows; r++) {
		int64_t at = (r * s->channels + c) * s->hw, i = 0;
		v8 vs = v8_zero(), vd = v8_zero();
		for (; i + 8 <= s->hw; i += 8) {
			v8 g = v8_load(dy + at + i);
			if (relu)
				g = v8_where_positive(v8_load(y + at + i), g);
			vs = v8_add(vs, g);
			vd = v8_fma(vd, g, v8_sub(v8_load(x + at + i), vm));
		}
		float ps = v8_sum(vs), pd = v8_sum(vd);
		for (; i < s->hw; i++)
			if (!relu || y[at + i] > 0) {
				ps += dy[at + i];
				pd += dy[at + i] * (x[at + i] - mean);
			}
		*sum += ps;
		*dot += pd;
	}
}

// dx = a*g + b*(x-mean) + k for one channel.
TARGET static void NAME(norm_input)(const struct planes *s, int64_t c, int relu, float mean, float a, float b, float k,
                                    const float *x, const float *y, const float *dy, float *dx) {
	v8 vm = v8_set1(mean), va = v8_set1(a), vb = v8_set1(b), vk = v8_set1(k);
	for (int64_t r = 0; r < s->rows; r++) {
		int64_t at = (r * s->channels + c) * s->hw, i = 0;
		for (; i + 8 <= s->hw; i += 8) {
			v8 g = v8_load(dy + at + i);
			if (relu)
				g = v8_where_positive(v8_load(y + at + i), g);
			v8 d = v8_fma(vk, vb, v8_sub(v8_load(x + at + i), vm));
			v8_store(dx + at + i, v8_fma(d, va, g));
		}
		for (; i < s->hw; i++) {
			float g = !relu || y[at + i] > 0 ? dy[at + i] : 0;
			dx[at + i] = a * g + b * (x[at + i] - mean) + k;
		}
	}
}

TARGET static void NAME(norm_grad)(const struct planes *s, int relu, int batch, const float *x, const float *y,
                                   const float *dy, const float *mean, const float *inv, const float *gamma,
                                   float *dx, float *dgamma, float *dbeta, int64_t c0, int64_t c1) {
	double n = (double)(s->rows * s->hw);
	for (int64_t c = c0; c < c1; c++) {
		double sum = 0, dot = 0, a = (double)gamma[c] * inv[c];
		if (batch || dgamma || dbeta)
			NAME(norm_sums)(s, c, relu, mean[c], x, y, dy, &sum, &dot);
		if (dgamma)
			dgamma[c] = (float)(dot * inv[c]);
		if (dbeta)
			dbeta[c] = (float)sum;
		if (!dx)
			continue;
		if (!batch) // constant statistics have no part in the gradient
			sum = dot = 0;
		NAME(norm_input)(s, c, relu, mean[c], (float)a, (float)(-a * inv[c] * inv[c] * dot / n),
		                 (float)(-a * sum / n), x, y, dy, dx);
	}
}

TARGET static void NAME(add_relu)(int64_t n, const float *a, const float *b, int relu, float *y) {
	int64_t i = 0;
	for (; i + 8 <= n; i += 8) {
		v8 v = v8_add(v8_load(a + i), v8_load(b + i));
		v8_store(y + i, relu ? v8_relu(v) : v);
	}
	for (; i < n; i++) {
		float v = a[i] + b[i];
		y[i] = relu && v < 0 ? 0 : v;
	}
}

TARGET static void NAME(relu)(int64_t n, const float *x, float *y) {
	int64_t i = 0;
	for (; i + 8 <= n; i += 8)
		v8_store(y + i, v8_relu(v8_load(x + i)));
	for (; i < n; i++)
		y[i] = x[i] < 0 ? 0 : x[i];
}

TARGET static void NAME(relu_grad)(int64_t n, const float *y, const float *dy, float *dx) {
	int64_t i = 0;
	for (; i + 8 <= n; i += 8)
		v8_store(dx + i, v8_where_positive(v8_load(y + i), v8_load(dy + i)));
	for (; i < n; i++)
		dx[i] = y[i] > 0 ? dy[i] : 0;
}
