/// Descents (SGD, AdamW) and the schedules of learning rate and radius, in double precision.
package lowland.descent;
