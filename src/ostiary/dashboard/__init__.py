"""Pages that show several slices at once: the frame, the guided start, Overview, Activity, the Token doctor."""
